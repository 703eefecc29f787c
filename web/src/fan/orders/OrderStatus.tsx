import { useTranslation } from 'react-i18next'
import { cx } from '../../ui/cx'
import styles from '../Status.module.css'

const TONES: Record<string, string | undefined> = {
  completed: styles.good,
  pending: styles.warn,
  needs_buyer: styles.warn,
  partially_refunded: styles.warn,
  declined: styles.bad,
  cancelled: styles.bad,
}

export function OrderStatus({ status }: { status: string }) {
  const { t } = useTranslation('orders')
  return (
    <span className={cx(styles.status, TONES[status])}>{t(`status.${status}` as 'status.completed')}</span>
  )
}
