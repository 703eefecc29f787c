import { useTranslation } from 'react-i18next'
import { useLocale } from '../../../i18n'
import { formatTime, viewerZone, zonesDiffer } from '../../../lib/time'
import { Button } from '../../../ui/Button'
import { Field } from '../../../ui/Field'
import { Icon } from '../../../ui/Icon'
import kit from '../../kit/kit.module.css'
import { fromWall } from '../../zones'
import type { FieldsProps } from '../EventForm'
import styles from '../Events.module.css'

/** As many evenings as one fills in at a time. */
const STARTS_MAX = 30

/** Starts by the clock of the venue, doors and length before and after each. */
export function When({ draft, change, at, zone, isSaved }: FieldsProps) {
  const { t } = useTranslation('organizerEvents')
  const locale = useLocale()
  const setStart = (index: number, start: string) =>
    change({ starts: draft.starts.map((before, i) => (i === index ? start : before)) })
  const own = (start: string) => {
    const instant = fromWall(start, zone)
    return instant && zonesDiffer(instant, zone, viewerZone())
      ? t('common:time.yours', { time: formatTime(instant, locale, 'short') })
      : undefined
  }
  return (
    <>
      <p className={kit.note}>{draft.venueId ? t('zone', { zone }) : t('zoneLater')}</p>
      <ul className={styles.rows}>
        {draft.starts.map((start, index) => (
          <li key={index} className={styles.slot}>
            <Field
              type="datetime-local"
              label={
                draft.starts.length > 1 ? t('field.startNumber', { number: index + 1 }) : t('field.start')
              }
              value={start}
              hint={own(start)}
              error={at(`startsAt.${index}`) ?? (index === 0 ? at('startsAt') : undefined)}
              onChange={(event) => setStart(index, event.target.value)}
            />
            {draft.starts.length > 1 && (
              <Button
                variant="quiet"
                aria-label={t('removeStart', { number: index + 1 })}
                onClick={() => change({ starts: draft.starts.filter((_, i) => i !== index) })}
              >
                <Icon name="close" />
              </Button>
            )}
          </li>
        ))}
      </ul>
      {!isSaved && draft.starts.length < STARTS_MAX && (
        <div>
          <Button size="s" onClick={() => change({ starts: [...draft.starts, draft.starts.at(-1) ?? ''] })}>
            {t('addStart')}
          </Button>
        </div>
      )}
      <div className={kit.grid}>
        <Field
          label={t('field.doors')}
          inputMode="numeric"
          value={draft.doorsMinutes}
          error={at('doorsAt')}
          onChange={(event) => change({ doorsMinutes: event.target.value })}
        />
        <Field
          label={t('field.lasts')}
          inputMode="numeric"
          value={draft.lastsMinutes}
          error={at('endsAt')}
          onChange={(event) => change({ lastsMinutes: event.target.value })}
        />
      </div>
    </>
  )
}
