import { useQueries, useQuery } from '@tanstack/react-query'
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router'
import { useEffect } from 'react'
import { useTranslation } from 'react-i18next'
import { api, ok } from '../../api/client'
import type { Hold } from '../../api/types'
import { sumMoney } from '../../lib/money'
import { lineName } from '../../lib/seat'
import { Button, buttonClass } from '../../ui/Button'
import { Countdown, useSecondsLeft, WARNING_SECONDS } from '../../ui/Countdown'
import { EventTime } from '../../ui/EventTime'
import { Money } from '../../ui/Money'
import { Card, Page, PageHead } from '../../ui/Page'
import { EmptyState, ErrorState, Loading, Notice, Skeleton } from '../../ui/State'
import { toast } from '../../ui/Toast'
import { EventArt } from '../art/EventArt'
import { forgetHold } from '../holds'
import { eventQuery, holdQuery, quoteQuery } from '../queries'
import styles from './CheckoutPage.module.css'
import { HeldPlaces } from './HeldPlaces'
import { PaymentForm } from './PaymentForm'
import { orderOf, usePayment } from './usePayment'

const route = getRouteApi('/checkout')

export function CheckoutPage() {
  const { t } = useTranslation('checkout')
  const { hold: text } = route.useSearch()
  const ids = text.split(',').filter(Boolean)
  const answers = useQueries({ queries: ids.map(holdQuery) })
  const holds = answers.flatMap(({ data }) => (data ? [data] : []))
  const failed = answers.find(({ isError, data }) => isError && !data)
  if (ids.length === 0) return <Nothing />
  if (failed)
    return (
      <Page title={t('title')}>
        <ErrorState isPage error={failed.error} onRetry={() => failed.refetch()} />
      </Page>
    )
  if (holds.length < ids.length)
    return (
      <Page title={t('title')}>
        <Loading>
          <Skeleton block="4rem" />
          <Skeleton lines={8} />
        </Loading>
      </Page>
    )
  return (
    <Checkout
      key={text}
      ids={ids}
      holds={holds}
      lookAgain={() => answers.map((answer) => answer.refetch())}
    />
  )
}

type Props = { ids: string[]; holds: Hold[]; lookAgain: () => void }

function Checkout({ ids, holds, lookAgain }: Props) {
  const { t } = useTranslation('checkout')
  const { payment, pay } = usePayment(ids)
  const eventId = holds[0]?.eventId ?? ''
  const { data: event } = useQuery(eventQuery(eventId))
  const expiresAt = holds.map((hold) => hold.expiresAt).sort()[0] as string
  const left = useSecondsLeft(expiresAt)
  const quotes = useQueries({ queries: ids.map(quoteQuery) }).flatMap(({ data }) => (data ? [data] : []))
  const added = quotes.flatMap(({ lines }) => lines.filter(({ kind }) => kind !== 'face_value'))
  // Until the quote is there nothing is said to be the price.
  const total = quotes.length === holds.length ? sumMoney(quotes.map((quote) => quote.total)) : undefined
  const busy = payment.state !== 'idle'
  useBoughtElsewhere(holds, busy)
  const over = !busy && (left === 0 || holds.some((hold) => hold.status !== 'held'))
  if (over) return <Over holds={holds} eventId={eventId} />
  return (
    <Page title={t('title')} className={styles.columns}>
      <PageHead title={t('title')} />
      <div className={styles.clockCard} data-warning={left <= WARNING_SECONDS || undefined}>
        <Countdown at={expiresAt} className={styles.clock} onEnd={lookAgain} />
        <p>{busy ? t('clockPaying') : left <= WARNING_SECONDS ? t('common:hold.warning') : t('clock')}</p>
      </div>
      <div className={styles.main}>
        <PaymentForm payment={payment} total={total} back={`/checkout?hold=${ids.join(',')}`} onPay={pay} />
      </div>
      <Card className={styles.summary}>
        {event && (
          <header className={styles.event}>
            <div className={styles.art}>
              <EventArt seed={event.name} type={event.type} />
            </div>
            <div>
              <h2 className={styles.name}>{event.name}</h2>
              <p className={styles.when}>
                <EventTime at={event.startsAt} zone={event.timeZone} withViewer />
                <span className={styles.where}>
                  {event.venue.name}, {event.venue.city}
                </span>
              </p>
            </div>
          </header>
        )}
        <HeldPlaces holds={holds} event={event} />
        {added.length > 0 && (
          <ul className={styles.lines}>
            {added.map((line, index) => (
              <li key={`${index} ${line.description}`}>
                <span>{lineName(line, t)}</span>
                <Money value={line.amount} />
              </li>
            ))}
          </ul>
        )}
        {total && (
          <p className={styles.total}>
            <span>{t('total')}</span>
            <strong>
              <Money value={total} />
            </strong>
          </p>
        )}
        {total && added.length === 0 && <p className={styles.small}>{t('fees')}</p>}
        {!busy && <Release holds={holds} eventId={eventId} />}
      </Card>
    </Page>
  )
}

/** Paid in another tab, or on another device: the order is what there is to see. */
function useBoughtElsewhere(holds: readonly Hold[], busy: boolean) {
  const navigate = useNavigate()
  const sold = !busy && holds.some((hold) => hold.status === 'sold')
  const { data } = useQuery({
    queryKey: ['me', 'orders', 'of', ...holds.map((hold) => hold.id)],
    queryFn: async () => (await orderOf(holds.map((hold) => hold.id))) ?? null,
    enabled: sold,
  })
  useEffect(() => {
    if (!data) return
    for (const hold of holds) forgetHold(hold.id)
    void navigate({ to: '/orders/$orderId', params: { orderId: data.id }, search: {}, replace: true })
  }, [data, holds, navigate])
}

function Release({ holds, eventId }: { holds: readonly Hold[]; eventId: string }) {
  const { t } = useTranslation('checkout')
  const navigate = useNavigate()
  const release = async () => {
    for (const { id } of holds) {
      // It ends by itself in minutes, so a failure here is nothing to hold anybody up with.
      await ok(api.DELETE('/api/v1/holds/{hold}', { params: { path: { hold: id } } })).catch(() => {})
      forgetHold(id)
    }
    toast(t('common:hold.released'))
    void navigate({ to: '/events/$eventId', params: { eventId } })
  }
  return (
    <Button variant="quiet" size="s" onClick={release}>
      {t('release')}
    </Button>
  )
}

function Over({ holds, eventId }: { holds: readonly Hold[]; eventId: string }) {
  const { t } = useTranslation('checkout')
  useEffect(() => {
    for (const hold of holds) forgetHold(hold.id)
  }, [holds])
  if (holds.some((hold) => hold.status === 'sold'))
    return (
      <Page title={t('title')}>
        <Loading>
          <Notice tone="good">{t('alreadyPaid')}</Notice>
        </Loading>
      </Page>
    )
  return (
    <Page title={t('title')}>
      <EmptyState
        isPage
        icon="clock"
        title={t('over')}
        action={
          <Link
            to="/events/$eventId"
            params={{ eventId }}
            className={buttonClass({ variant: 'primary', size: 'l' })}
          >
            {t('again')}
          </Link>
        }
      >
        {t('overText')}
      </EmptyState>
    </Page>
  )
}

function Nothing() {
  const { t } = useTranslation('checkout')
  return (
    <Page title={t('title')}>
      <EmptyState
        isPage
        title={t('nothing')}
        action={
          <Link to="/" className={buttonClass({ variant: 'primary' })}>
            {t('common:state.goHome')}
          </Link>
        }
      >
        {t('nothingText')}
      </EmptyState>
    </Page>
  )
}
