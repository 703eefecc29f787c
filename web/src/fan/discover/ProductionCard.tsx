import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import type { EventCard } from '../../api/types'
import { useLocale } from '../../i18n'
import { dateBlock, formatTime } from '../../lib/time'
import { EventTime } from '../../ui/EventTime'
import { Money } from '../../ui/Money'
import { EventArt } from '../art/EventArt'
import { Status } from '../Status'
import styles from './ProductionCard.module.css'
import { type Production, scarcity } from './productions'

export function ProductionCard({ production: { key, dates } }: { production: Production }) {
  const { t } = useTranslation('discover')
  const locale = useLocale()
  const [first, ...others] = dates
  const block = dateBlock(first.startsAt, locale, first.timeZone)
  const few = scarcity(first)
  return (
    <li className={styles.card}>
      <article>
        <div className={styles.main}>
          <div className={styles.art}>
            <EventArt seed={first.name} type={first.type} />
            <p className={styles.date} aria-hidden="true">
              <span>{block.weekday}</span>
              <strong>{block.day}</strong>
              <span>{block.month}</span>
            </p>
          </div>
          <div className={styles.text}>
            <h3 className={styles.name}>
              <Link to="/events/$eventId" params={{ eventId: first.id }} className={styles.link}>
                {first.name}
              </Link>
            </h3>
            {first.performers.length > 0 && <p className={styles.who}>{first.performers.join(', ')}</p>}
            <p className={styles.where}>
              <EventTime at={first.startsAt} zone={first.timeZone} />
              <br />
              {first.venue.name}, {first.venue.city}
            </p>
            <p className={styles.foot}>
              <span className={styles.price}>
                {first.priceFrom && (
                  <>
                    {t('from_price')} <Money value={first.priceFrom} />
                  </>
                )}
              </span>
              {few === 'few' ? (
                <span className={styles.few}>{t('few')}</span>
              ) : (
                <Status status={few ?? first.status} quiet />
              )}
            </p>
          </div>
        </div>
        {others.length > 0 && (
          <OtherDates
            key={key}
            dates={others}
            locale={locale}
            label={t('moreDates', { count: others.length })}
          />
        )}
      </article>
    </li>
  )
}

function OtherDates({
  dates,
  locale,
  label,
}: {
  dates: readonly EventCard[]
  locale: string
  label: string
}) {
  return (
    <details className={styles.others}>
      <summary>{label}</summary>
      <ul>
        {dates.map((event) => (
          <li key={event.id}>
            <Link to="/events/$eventId" params={{ eventId: event.id }}>
              {formatTime(event.startsAt, locale, 'short', event.timeZone)}
            </Link>
          </li>
        ))}
      </ul>
    </details>
  )
}
