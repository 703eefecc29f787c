import { useTranslation } from 'react-i18next'
import { cx } from '../ui/cx'
import styles from './Status.module.css'

const TONES: Record<string, string | undefined> = {
  on_sale: styles.good,
  presale: styles.warn,
  scheduled: styles.warn,
  rescheduled: styles.warn,
  postponed: styles.warn,
  cancelled: styles.bad,
  sold_out: styles.bad,
}

/** An event's status in words. `quiet`: what goes without saying is not said. */
export function Status({ status, quiet = false }: { status: string; quiet?: boolean }) {
  const { t } = useTranslation()
  if (quiet && status === 'on_sale') return null
  return <span className={cx(styles.status, TONES[status])}>{t(`status.${status}` as 'status.on_sale')}</span>
}
