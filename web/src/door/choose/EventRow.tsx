import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { useLocale } from '../../i18n'
import { dateBlock, formatTime, viewerZone } from '../../lib/time'
import { cx } from '../../ui/cx'
import { Icon } from '../../ui/Icon'
import styles from './ChoosePage.module.css'

type Props = {
  organizerId: string
  event: { id: string; name: string; startsAt: string }
  timeZone?: string
  venueName?: string
  /** Its tickets admit now. */
  open?: boolean
}

export function EventRow({ organizerId, event, timeZone, venueName, open = false }: Props) {
  const { t } = useTranslation('door')
  const locale = useLocale()
  const zone = timeZone ?? viewerZone()
  const { weekday, day, month } = dateBlock(event.startsAt, locale, zone)
  return (
    <li>
      <Link
        to="/door/$organizerId/$eventId"
        params={{ organizerId, eventId: event.id }}
        className={cx(styles.event, open && styles.open)}
      >
        <span className={styles.date}>
          <span>{weekday}</span>
          <strong>{day}</strong>
          <span>{month}</span>
        </span>
        <span className={styles.what}>
          <strong>{event.name}</strong>
          <span>
            {formatTime(event.startsAt, locale, 'clock', zone)}
            {venueName && ` · ${venueName}`}
          </span>
          {open && <span className={styles.now}>{t('choose.now')}</span>}
        </span>
        <Icon name="next" size={24} />
      </Link>
    </li>
  )
}
