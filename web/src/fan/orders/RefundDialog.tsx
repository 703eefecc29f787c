import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, ok } from '../../api/client'
import { isProblem } from '../../api/problem'
import type { Order } from '../../api/types'
import { useProblemMessage } from '../../i18n/problem'
import { placeOf } from '../../lib/seat'
import { Button } from '../../ui/Button'
import { Dialog } from '../../ui/Dialog'
import { Checkbox } from '../../ui/Field'
import { Money } from '../../ui/Money'
import { Notice } from '../../ui/State'
import { toast } from '../../ui/Toast'
import { refundQuery } from '../queries'
import styles from './OrdersPage.module.css'

type Props = { order: Order; onClose: () => void }

/** Giving tickets back: which, what comes back for them, and then, once, the deed. */
export function RefundDialog({ order, onClose }: Props) {
  const { t } = useTranslation('orders')
  const message = useProblemMessage()
  const client = useQueryClient()
  const live = order.tickets.filter(({ status }) => status === 'issued')
  const [chosen, setChosen] = useState<string[]>(live.map(({ id }) => id))
  const offer = useQuery(refundQuery(order.id, chosen))
  const key = useRef(crypto.randomUUID())
  const give = useMutation({
    mutationFn: () => {
      const params = { path: { order: order.id }, header: { 'Idempotency-Key': key.current } }
      return ok(api.POST('/api/v1/orders/{order}/cancel', { params, body: { tickets: chosen } }))
    },
    onSuccess: (after) => {
      client.setQueryData(['me', 'order', order.id], after)
      void client.invalidateQueries({ queryKey: ['me', 'orders'] })
      void client.invalidateQueries({ queryKey: ['me', 'tickets'] })
      void client.invalidateQueries({ queryKey: ['event'] })
      toast(t('gaveBack'), { tone: 'good' })
      onClose()
    },
    onError: (error) => {
      // What got no answer is asked again under the same key, so that it happens once.
      if (!isProblem(error) || !error.passes) key.current = crypto.randomUUID()
    },
  })
  const toggle = (id: string) => {
    key.current = crypto.randomUUID()
    setChosen((before) => (before.includes(id) ? before.filter((other) => other !== id) : [...before, id]))
  }
  const submit = (submitted: FormEvent) => {
    submitted.preventDefault()
    give.mutate()
  }
  return (
    <Dialog open onClose={onClose} title={t('giveBack')} locked={give.isPending}>
      <form className={styles.form} onSubmit={submit}>
        <p>{t('giveBackText')}</p>
        <fieldset>
          <legend className="visually-hidden">{t('which')}</legend>
          {live.map((ticket) => (
            <Checkbox
              key={ticket.id}
              label={placeOf(ticket, t)}
              checked={chosen.includes(ticket.id)}
              onChange={() => toggle(ticket.id)}
            />
          ))}
        </fieldset>
        {(give.error ?? offer.error) && <Notice tone="bad">{message(give.error ?? offer.error)}</Notice>}
        <p className={styles.head} aria-live="polite">
          <span>{t('comesBack')}</span>
          <strong className={styles.sum}>
            {offer.data && chosen.length > 0 ? <Money value={offer.data.amount} /> : '–'}
          </strong>
        </p>
        {offer.data && offer.data.kept.amount > 0 && (
          <p className={styles.small}>
            {t('feesKept')} <Money value={offer.data.kept} />
          </p>
        )}
        <Button
          variant="danger"
          size="l"
          wide
          type="submit"
          disabled={chosen.length === 0 || !offer.isSuccess}
          busy={give.isPending}
        >
          {t('giveBackDo', { count: chosen.length })}
        </Button>
      </form>
    </Dialog>
  )
}
