import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, useRouterState } from '@tanstack/react-router'
import { useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { canHold } from '../api/session'
import type { Hold } from '../api/types'
import { giveBack, holdQuery, payableTogether, placesOf, useActiveHolds } from '../fan/holds'
import { eventQuery } from '../fan/queries'
import { useProblemMessage } from '../i18n/problem'
import { Button, buttonClass } from '../ui/Button'
import { Countdown, useSecondsLeft, WARNING_SECONDS } from '../ui/Countdown'
import { cx } from '../ui/cx'
import { toast } from '../ui/Toast'
import styles from './HoldBar.module.css'

/** What the fan holds, on every page but the checkout, with the time that is left. */
export function HoldBar() {
  const { t } = useTranslation()
  const holds = useActiveHolds()
  const inCheckout = useRouterState({ select: (state) => state.location.pathname === '/checkout' })
  useEndSaid(holds, inCheckout)
  const bar = useRef<HTMLElement>(null)
  useHeightSaid(bar, holds.length > 0 && !inCheckout)
  if (holds.length === 0 || inCheckout) return null
  return (
    <aside ref={bar} className={styles.bar} aria-label={t('hold.bar')}>
      <div className={styles.inside}>
        <ul className={styles.holds}>
          {holds.map((hold) => (
            <Row key={hold.id} hold={hold} />
          ))}
        </ul>
        <Link
          to="/checkout"
          search={{ hold: payableTogether(holds).join(',') }}
          className={cx(buttonClass({ variant: 'primary' }), styles.checkout)}
        >
          {t('hold.checkout')}
        </Link>
      </div>
    </aside>
  )
}

function Row({ hold }: { hold: Hold }) {
  const { t } = useTranslation()
  const message = useProblemMessage()
  const { data: event } = useQuery(eventQuery(hold.eventId))
  const left = useSecondsLeft(hold.expiresAt)
  const [busy, setBusy] = useState(false)
  const release = async () => {
    setBusy(true)
    try {
      await giveBack(hold.id)
      toast(t('hold.released'))
    } catch (error) {
      setBusy(false)
      toast(message(error), { tone: 'bad' })
    }
  }
  return (
    <li>
      <Countdown at={hold.expiresAt} className={styles.clock} />
      <span className={styles.what}>
        <strong>{event?.name}</strong>
        <span>{t('hold.count', { count: placesOf(hold) })}</span>
      </span>
      <Button
        variant="quiet"
        size="s"
        busy={busy}
        onClick={release}
        aria-label={t('hold.releaseOf', { name: event?.name ?? '' })}
      >
        {t('hold.release')}
      </Button>
      {left <= WARNING_SECONDS && (
        <p className={styles.warning}>{t(left === 0 ? 'hold.ending' : 'hold.warning')}</p>
      )}
    </li>
  )
}

/** What sticks to the bottom of a page stands above the bar, `--hold-bar` from the edge. */
function useHeightSaid(bar: React.RefObject<HTMLElement | null>, isShown: boolean) {
  useEffect(() => {
    if (!bar.current || !isShown) return
    const { style } = document.documentElement
    const watcher = new ResizeObserver(([entry]) => {
      const [size] = entry?.borderBoxSize ?? []
      if (size) style.setProperty('--hold-bar', `${size.blockSize}px`)
    })
    watcher.observe(bar.current, { box: 'border-box' })
    return () => {
      watcher.disconnect()
      style.removeProperty('--hold-bar')
    }
  }, [bar, isShown])
}

/** Says of a hold that is no longer there when it has run out, and not been paid or given back. */
function useEndSaid(holds: readonly Hold[], isSaidByThePage: boolean) {
  const { t } = useTranslation()
  const client = useQueryClient()
  const before = useRef(holds)
  useEffect(() => {
    const gone = before.current.filter(({ id }) => !holds.some((hold) => hold.id === id))
    before.current = holds
    if (isSaidByThePage || !canHold()) return
    for (const { id } of gone)
      client.fetchQuery(holdQuery(id)).then(
        ({ status }) => status === 'expired' && toast(t('hold.expired'), { tone: 'bad' }),
        // Whose it was, or what became of it, is not known: there is nothing to say.
        () => {},
      )
  }, [holds, isSaidByThePage, client, t])
}
