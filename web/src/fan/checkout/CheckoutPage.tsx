import { useQueries, useQuery } from '@tanstack/react-query'
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router'
import { useEffect } from 'react'
import { useTranslation } from 'react-i18next'
import { useIsGuest } from '../../api/me'
import { isProblem } from '../../api/problem'
import type { Hold } from '../../api/types'
import { sumMoney } from '../../lib/money'
import { buttonClass } from '../../ui/Button'
import { Countdown, useSecondsLeft, WARNING_SECONDS } from '../../ui/Countdown'
import { Page, PageHead } from '../../ui/Page'
import { EmptyState, ErrorState, Loading, Notice, Skeleton } from '../../ui/State'
import { toast } from '../../ui/Toast'
import { forgetHold, holdQuery, isHeld } from '../holds'
import { quoteQuery } from '../queries'
import styles from './CheckoutPage.module.css'
import { GuestEntry } from './GuestEntry'
import { PaymentForm } from './PaymentForm'
import { Summary } from './Summary'
import { orderOf, usePayment } from './usePayment'

const route = getRouteApi('/checkout')

export function CheckoutPage() {
  const { t } = useTranslation('checkout')
  const { hold: text } = route.useSearch()
  const ids = text.split(',').filter(Boolean)
  const answers = useQueries({ queries: ids.map(holdQuery) })
  const holds = answers.flatMap(({ data }) => (data ? [data] : []))
  // Of a guest's holds an account may not have room for all, and those that it has not are nobody's.
  const gone = ids.filter((_, at) => !answers[at]?.data && isProblem(answers[at]?.error, 'not_found'))
  const isLosing = useRest(
    gone,
    ids.filter((id) => !gone.includes(id)),
    false,
  )
  const failed = answers.find(({ isError, data }) => isError && !data)
  if (ids.length === 0) return <Nothing />
  if (gone.length === ids.length) return <Over ids={ids} />
  if (failed && !isLosing)
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
  return <Checkout key={text} ids={ids} holds={holds} />
}

function Checkout({ ids, holds }: { ids: string[]; holds: Hold[] }) {
  const { t } = useTranslation('checkout')
  const { payment, pay } = usePayment(ids)
  const isGuest = useIsGuest()
  const here = `/checkout?hold=${ids.join(',')}`
  const expiresAt = holds.map((hold) => hold.expiresAt).sort()[0] as string
  const left = useSecondsLeft(expiresAt)
  const quotes = useQueries({ queries: ids.map(quoteQuery) }).flatMap(({ data }) => (data ? [data] : []))
  const added = quotes.flatMap(({ lines }) => lines.filter(({ kind }) => kind !== 'face_value'))
  // Until the quote is there nothing is said to be the price.
  const total = quotes.length === holds.length ? sumMoney(quotes.map((quote) => quote.total)) : undefined
  const busy = payment.state !== 'idle'
  useBoughtElsewhere(holds, busy)
  const over = holds.filter((hold) => !isHeld(hold)).map(({ id }) => id)
  const isLosing = useRest(
    over,
    holds.filter(isHeld).map(({ id }) => id),
    busy,
  )
  // The clock may be wrong, so it ends nothing: it is the server that says what a hold has become.
  if (!busy && !isLosing && !holds.every(isHeld)) return <Over ids={ids} holds={holds} />
  const warning = left <= WARNING_SECONDS
  const said = left === 0 ? 'common:hold.ending' : warning ? 'common:hold.warning' : 'clock'
  return (
    <Page title={t('title')} className={styles.columns}>
      <PageHead title={t('title')} />
      <div className={styles.clockCard} data-warning={warning || undefined}>
        <Countdown at={expiresAt} className={styles.clock} />
        <p>{t(busy ? 'clockPaying' : said)}</p>
      </div>
      <div className={styles.main}>
        {isGuest ? (
          <GuestEntry back={here} />
        ) : (
          <PaymentForm payment={payment} total={total} back={here} onPay={pay} />
        )}
      </div>
      <Summary holds={holds} added={added} total={total} isFixed={busy} />
    </Page>
  )
}

/** Whether some of several holds are over: what is left of them can still be paid, and is gone on with. */
function useRest(over: readonly string[], rest: readonly string[], busy: boolean): boolean {
  const { t } = useTranslation('checkout')
  const navigate = useNavigate()
  const isLosing = !busy && over.length > 0 && rest.length > 0
  const left = rest.join(',')
  const lost = over.join(',')
  useEffect(() => {
    if (!isLosing) return
    for (const id of lost.split(',')) forgetHold(id)
    toast(t('rest'), { tone: 'bad' })
    void navigate({ to: '/checkout', search: { hold: left }, replace: true })
  }, [isLosing, left, lost, navigate, t])
  return isLosing
}

/** Paid in another tab, or on another device: the order is what there is to see. */
function useBoughtElsewhere(holds: readonly Hold[], busy: boolean) {
  const navigate = useNavigate()
  const sold = !busy && !holds.some(isHeld) && holds.some((hold) => hold.status === 'sold')
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

/** `holds`: what is known of them; nothing of those that are another's. */
function Over({ ids, holds = [] }: { ids: readonly string[]; holds?: readonly Hold[] }) {
  const { t } = useTranslation('checkout')
  const event = holds[0]?.eventId
  const all = ids.join(',')
  useEffect(() => {
    for (const id of all.split(',')) forgetHold(id)
  }, [all])
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
      <div role="alert">
        <EmptyState
          isPage
          icon="clock"
          title={t(event ? 'over' : 'gone')}
          action={
            <Link
              {...(event ? { to: '/events/$eventId', params: { eventId: event } } : { to: '/' })}
              className={buttonClass({ variant: 'primary', size: 'l' })}
            >
              {t('again')}
            </Link>
          }
        >
          {t(event ? 'overText' : 'goneText')}
        </EmptyState>
      </div>
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
