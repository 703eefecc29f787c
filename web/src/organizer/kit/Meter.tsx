import { useTranslation } from 'react-i18next'
import { useLocale } from '../../i18n'
import styles from './kit.module.css'

/** How much of something is gone, as a bar and in words. */
export function Meter({ taken, capacity }: { taken: number; capacity: number }) {
  const { t } = useTranslation('organizer')
  const locale = useLocale()
  const share = capacity > 0 ? taken / capacity : 0
  const number = new Intl.NumberFormat(locale)
  const percent = new Intl.NumberFormat(locale, {
    style: 'percent',
    maximumFractionDigits: share < 0.1 ? 1 : 0,
  })
  return (
    <span className={styles.meter}>
      <span className={styles.track} aria-hidden="true">
        <span className={styles.fill} style={{ inlineSize: `${Math.min(100, share * 100)}%` }} />
      </span>
      <small>
        {t('takenOf', {
          taken: number.format(taken),
          capacity: number.format(capacity),
          share: percent.format(share),
        })}
      </small>
    </span>
  )
}
