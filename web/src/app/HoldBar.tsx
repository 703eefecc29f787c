import { useQuery } from '@tanstack/react-query'
import { Link, useRouterState } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import type { Hold } from '../api/types'
import { forgetHold, placesOf, useActiveHolds } from '../fan/holds'
import { eventQuery } from '../fan/queries'
import { buttonClass } from '../ui/Button'
import { Countdown } from '../ui/Countdown'
import { toast } from '../ui/Toast'
import styles from './HoldBar.module.css'

/** What the fan holds, on every page but the checkout, with the time that is left. */
export function HoldBar() {
  const [hold] = useActiveHolds()
  const inCheckout = useRouterState({ select: (state) => state.location.pathname === '/checkout' })
  return hold && !inCheckout ? <Bar key={hold.id} hold={hold} /> : null
}

function Bar({ hold }: { hold: Hold }) {
  const { t } = useTranslation()
  const { data: event } = useQuery(eventQuery(hold.eventId))
  return (
    <aside className={styles.bar} aria-label={t('hold.bar')}>
      <div className={styles.inside}>
        <Countdown
          at={hold.expiresAt}
          className={styles.clock}
          onEnd={() => {
            forgetHold(hold.id)
            toast(t('hold.expired'), { tone: 'bad' })
          }}
        />
        <span className={styles.what}>
          <strong>{event?.name}</strong>
          <span>{t('hold.count', { count: placesOf(hold) })}</span>
        </span>
        <Link to="/checkout" search={{ hold: hold.id }} className={buttonClass({ variant: 'primary' })}>
          {t('hold.checkout')}
        </Link>
      </div>
    </aside>
  )
}
