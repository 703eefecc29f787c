import { useQuery } from '@tanstack/react-query'
import { lazy, Suspense, useEffect, useMemo, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { eventQuery } from '../../fan/queries'
import { loadMessages, useLocale } from '../../i18n'
import { formatMoney, minorUnits } from '../../lib/money'
import { formatTime } from '../../lib/time'
import { ErrorState, Loading, Skeleton } from '../../ui/State'
import { useEvent } from '../events/EventFrame'
import { useOrganizer } from '../frame/context'
import { Part } from '../kit/Head'
import { SALES_MINUTES } from '../queries'
import { paceOf } from '../sales'
import { totalOf, withAreas } from '../sections'
import { Board } from './Board'
import { Chart } from './Chart'
import styles from './Live.module.css'
import { Sections } from './Sections'
import { useLiveCounts } from './useLiveCounts'
import { useAreas, useSales } from './useSales'

/** The running minute moves on even when nobody buys. */
const BEAT_MS = 15_000

/** The map draws on a canvas with code of its own, which the numbers do not wait for. */
const HeatMap = lazy(async () => {
  await loadMessages('seatmap')
  return { default: (await import('../../seatmap')).SeatHeatMap }
})

/** A sale as it happens. */
export function LivePage() {
  const { t } = useTranslation('organizerLive')
  const here = useOrganizer()
  const { event } = useEvent()
  const page = useQuery(eventQuery(event.id))
  const { counts: shown, freshness, error, retry } = useLiveCounts(event.id)
  const maySee = here.may('seeSales', event.id)
  const open = shown?.filter(({ isArea }) => isArea)
  const left = open?.reduce((sum, { available }) => sum + available, 0)
  const areas = useAreas(here.id, event.id, left, maySee && !!open?.length)
  // What was told once and cannot be asked again grows old, while what is free goes on changing.
  const told = areas.isError ? undefined : areas.data
  const counts = useMemo(() => shown && (told ? withAreas(shown, told) : shown), [shown, told])
  const total = useMemo(() => counts && totalOf(counts), [counts])
  const gone = total && total.sold + total.taken
  const sales = useSales(here.id, event.id, gone, maySee)
  if (error && !counts) return <ErrorState error={error} onRetry={retry} />
  if (!counts || !total)
    return (
      <Loading>
        <Skeleton block="9rem" />
        <Skeleton block="14rem" />
      </Loading>
    )
  return (
    <>
      <Board total={total} freshness={freshness} revenue={sales.data?.faceValue} />
      {sales.data && <Pace minutes={sales.data.minutes} />}
      {sales.isError && !sales.data && <p role="status">{t('noSales')}</p>}
      <Part id="heat" title={t('map')} note={t('mapNote')}>
        {page.data && (
          <Suspense fallback={<Skeleton block="24rem" />}>
            <HeatMap event={page.data} />
          </Suspense>
        )}
      </Part>
      <Sections counts={counts} />
    </>
  )
}

function Pace({ minutes }: { minutes: Parameters<typeof paceOf>[0] }) {
  const { t } = useTranslation('organizerLive')
  const locale = useLocale()
  const { event, zone } = useEvent()
  const now = useBeat()
  const pace = useMemo(() => paceOf(minutes, SALES_MINUTES, now), [minutes, now])
  const units = minorUnits(event.currency)
  const revenue = useMemo(() => summedUp(pace.revenue.map((amount) => amount / units)), [pace, units])
  const number = new Intl.NumberFormat(locale)
  const short = new Intl.NumberFormat(locale, { notation: 'compact' })
  const sum = pace.tickets.reduce((all, one) => all + one, 0)
  const best = Math.max(...pace.tickets)
  const bestAt = pace.at[pace.tickets.indexOf(best)] ?? 0
  return (
    <div className={styles.charts}>
      <Chart
        title={t('perMinute')}
        look="bars"
        at={pace.at}
        values={pace.tickets}
        locale={locale}
        zone={zone}
        format={(value) => number.format(value)}
        summary={
          sum === 0
            ? t('perMinuteNone')
            : t('perMinuteSaid', {
                count: sum,
                best: number.format(best),
                time: formatTime(new Date(bestAt * 1000).toISOString(), locale, 'clock', zone),
              })
        }
      />
      <Chart
        title={t('revenueHour', { currency: event.currency })}
        look="line"
        at={pace.at}
        values={revenue}
        locale={locale}
        zone={zone}
        format={(value) => short.format(value)}
        summary={t('revenueSaid', {
          amount: formatMoney(
            { amount: pace.revenue.reduce((all, one) => all + one, 0), currency: event.currency },
            locale,
          ),
        })}
      />
    </div>
  )
}

function summedUp(values: readonly number[]): number[] {
  let sum = 0
  return values.map((value) => {
    sum += value
    return sum
  })
}

function useBeat(): number {
  const [now, setNow] = useState(Date.now)
  const timer = useRef<ReturnType<typeof setInterval>>(undefined)
  useEffect(() => {
    timer.current = setInterval(() => setNow(Date.now()), BEAT_MS)
    return () => clearInterval(timer.current)
  }, [])
  return now
}
