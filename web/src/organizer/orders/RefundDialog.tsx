import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, ok } from '../../api/client'
import type { Order } from '../../api/types'
import { placeOf } from '../../lib/seat'
import { Button } from '../../ui/Button'
import { Dialog } from '../../ui/Dialog'
import { Checkbox, Field } from '../../ui/Field'
import { Money } from '../../ui/Money'
import { ErrorState, Loading, Skeleton } from '../../ui/State'
import { toast } from '../../ui/Toast'
import { useOrganizer } from '../frame/context'
import kit from '../kit/kit.module.css'
import { type Faults, useRefusal } from '../kit/refusal'
import styles from './Orders.module.css'
import { refundOfferQuery } from './offer'

type Props = { order: Order; refundable: Order['tickets']; onClose: () => void }

/** First what would go back, as the server reckons it; then, with a reason, the same for real. */
export function RefundDialog({ order, refundable, onClose }: Props) {
  const { t } = useTranslation('organizerOrders')
  const here = useOrganizer()
  const client = useQueryClient()
  const form = useRef<HTMLFormElement>(null)
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set(refundable.map(({ id }) => id)))
  const [reason, setReason] = useState('')
  const [faults, setFaults] = useState<Faults>({})
  // A refund that is repeated after a lost answer gives nothing back twice; another choice is another refund.
  const key = useRef(crypto.randomUUID())
  const tickets = refundable.map(({ id }) => id).filter((id) => chosen.has(id))
  const offer = useQuery({
    ...refundOfferQuery(here.id, order.id, tickets, order.refunded.amount),
    enabled: tickets.length > 0,
    placeholderData: keepPreviousData,
  })
  const refund = useMutation({
    mutationFn: () =>
      ok(
        api.POST('/api/v1/organizers/{org}/orders/{order}/refund', {
          params: { path: { org: here.id, order: order.id }, header: { 'Idempotency-Key': key.current } },
          body: { tickets, reason: reason.trim() },
        }),
      ),
    onSuccess: async () => {
      toast(t('refund.done'), { tone: 'good' })
      onClose()
      await client.invalidateQueries({ queryKey: ['me', 'org', here.id, 'orders'] })
    },
  })
  const refusal = useRefusal(faults, refund.error, form)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (!reason.trim()) return setFaults({ reason: t('refund.reasonNeeded') })
    setFaults({})
    refund.mutate()
  }
  const toggle = (id: string) => {
    const next = new Set(chosen)
    if (!next.delete(id)) next.add(id)
    setChosen(next)
    key.current = crypto.randomUUID()
  }
  return (
    <Dialog open title={t('refund.title')} onClose={onClose} locked={refund.isPending}>
      <form ref={form} className={kit.stack} onSubmit={submit} noValidate>
        <fieldset>
          <legend className={kit.note}>{t('refund.which')}</legend>
          {refundable.map((ticket) => (
            <Checkbox
              key={ticket.id}
              label={placeOf(ticket, t)}
              hint={ticket.status === 'used' ? t('refund.inside') : undefined}
              checked={chosen.has(ticket.id)}
              onChange={() => toggle(ticket.id)}
            />
          ))}
        </fieldset>
        <div className={styles.offer} aria-live="polite">
          {tickets.length === 0 && <p>{t('refund.nothing')}</p>}
          {tickets.length > 0 && offer.isPending && (
            <Loading>
              <Skeleton block="4rem" />
            </Loading>
          )}
          {tickets.length > 0 && offer.isError && (
            <ErrorState error={offer.error} onRetry={() => offer.refetch()} />
          )}
          {tickets.length > 0 && offer.data && (
            <dl className={styles.bill} data-stale={offer.isPlaceholderData || undefined}>
              <div className={styles.total}>
                <dt>{t('refund.goesBack', { count: offer.data.tickets.length })}</dt>
                <dd>
                  <Money value={offer.data.amount} />
                </dd>
              </div>
              <div>
                <dt>{t('refund.kept')}</dt>
                <dd>
                  <Money value={offer.data.kept} />
                </dd>
              </div>
            </dl>
          )}
          <p className={kit.note}>{t('refund.then')}</p>
        </div>
        <Field
          label={t('refund.reason')}
          hint={t('refund.reasonHint')}
          value={reason}
          maxLength={200}
          error={refusal.at('reason')}
          onChange={(event) => {
            setReason(event.target.value)
            key.current = crypto.randomUUID()
          }}
        />
        {refusal.rest()}
        <div className={kit.buttons}>
          <Button
            type="submit"
            variant="danger"
            busy={refund.isPending}
            disabled={tickets.length === 0 || !offer.data || offer.isPlaceholderData}
          >
            {t('refund.sure')}
          </Button>
          <Button variant="quiet" onClick={onClose}>
            {t('common:action.back')}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
