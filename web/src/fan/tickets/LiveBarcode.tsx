import { useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { EventPage, Ticket } from '../../api/types'
import { serverNow } from '../../lib/clock'
import { STEP_MS, stepOf } from '../../lib/liveBarcode'
import { type QrSymbol, symbolOf } from '../../lib/symbol'
import { QrImage } from '../../ui/QrImage'
import { ErrorState, Loading, Skeleton } from '../../ui/State'
import { type BarcodeKey, barcodeQuery, barcodeText } from './barcode'
import styles from './TicketDialog.module.css'

/** `since`: ms since the step of this drawing began. */
type Shown = { symbol: QrSymbol; step: number; since: number }

/** The barcode of this moment, made on this device: it changes by itself, with or without a network. */
export function LiveBarcode({ ticket, event }: { ticket: Ticket; event: EventPage | undefined }) {
  const { t } = useTranslation('tickets')
  const key = useQuery(barcodeQuery(ticket.id, ticket.version))
  const { shown, fault } = useShown(key.data, key.dataUpdatedAt)
  const error = fault ?? (key.data ? undefined : key.error)
  if (error) return <ErrorState error={error} onRetry={() => key.refetch()} />
  if (!shown)
    return (
      <Loading>
        <Skeleton block="16rem" />
      </Loading>
    )
  return (
    <figure className={styles.live}>
      <QrImage symbol={shown.symbol} label={t('barcode')} className={styles.symbol} />
      <span className={styles.clock} aria-hidden="true">
        <span
          key={`${shown.step} ${shown.since}`}
          style={{ animationDuration: `${STEP_MS}ms`, animationDelay: `-${shown.since}ms` }}
        />
      </span>
      <figcaption>{t(event?.barcodes === 'live' ? 'phonesAlone' : 'liveText')}</figcaption>
    </figure>
  )
}

/** `fetchedAt`: fetched again after a fault, the same key is tried once more. */
function useShown(key: BarcodeKey | undefined, fetchedAt: number): { shown?: Shown; fault?: unknown } {
  const [state, setState] = useState<{ shown?: Shown; fault?: unknown }>({})
  useEffect(() => {
    if (!key) return
    let timer: ReturnType<typeof setTimeout> | undefined
    let isOver = false
    const show = async () => {
      clearTimeout(timer)
      const now = serverNow()
      const step = stepOf(now)
      try {
        const symbol = symbolOf(await barcodeText(key, step))
        if (isOver) return
        clearTimeout(timer)
        setState({ shown: { symbol, step, since: now - step * STEP_MS } })
        timer = setTimeout(show, Math.max(0, (step + 1) * STEP_MS - serverNow()))
      } catch (fault) {
        // Better nothing than one that stands still beside a bar that runs.
        if (!isOver) setState({ fault })
      }
    }
    // A phone that slept shows the code of then until it is told the time.
    const onVisible = () => document.visibilityState === 'visible' && void show()
    document.addEventListener('visibilitychange', onVisible)
    void show()
    return () => {
      isOver = true
      clearTimeout(timer)
      document.removeEventListener('visibilitychange', onVisible)
      setState({})
    }
  }, [key, fetchedAt])
  return state
}
