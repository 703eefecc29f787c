import { useTranslation } from 'react-i18next'
import { useLocale } from '../i18n'
import { formatTime, type TimeStyle, viewerZone, zoneName, zonesDiffer } from '../lib/time'
import styles from './EventTime.module.css'

type Props = { at: string; zone: string; style?: TimeStyle; withViewer?: boolean }

/** A moment by the clock of the venue, with the viewer's beside it where it shows another time. */
export function EventTime({ at, zone, style = 'short', withViewer = false }: Props) {
  const { t } = useTranslation()
  const locale = useLocale()
  const own = viewerZone()
  const differs = withViewer && zonesDiffer(at, zone, own)
  return (
    <span>
      <time dateTime={at}>{formatTime(at, locale, style, zone)}</time>
      {differs && (
        <span className={styles.own}>
          {zoneName(at, locale, zone)} ·{' '}
          {t('time.yours', { time: formatTime(at, locale, style === 'clock' ? 'clock' : 'short', own) })}
        </span>
      )}
    </span>
  )
}
