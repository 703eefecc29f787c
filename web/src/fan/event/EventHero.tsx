import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import type { EventPage } from '../../api/types'
import { useLocale } from '../../i18n'
import { formatTime } from '../../lib/time'
import { EventTime } from '../../ui/EventTime'
import { Icon } from '../../ui/Icon'
import { EventArt } from '../art/EventArt'
import { venueQuery } from '../queries'
import { Status } from '../Status'
import styles from './EventHero.module.css'

export function EventHero({ event }: { event: EventPage }) {
  const { t } = useTranslation('event')
  const locale = useLocale()
  const { data: venue } = useQuery(venueQuery(event.venue.id))
  return (
    <section className={styles.hero}>
      <div className={styles.art}>
        <EventArt seed={event.name} type={event.type} transition={`art-${event.id}`} />
      </div>
      <div className={styles.inside}>
        <p className={styles.badges}>
          <span className={styles.type}>
            {t(`common:eventType.${event.type}` as 'common:eventType.other')}
          </span>
          <Status
            status={event.availableSeats === 0 && event.status === 'on_sale' ? 'sold_out' : event.status}
          />
        </p>
        <h1 className={styles.title}>{event.name}</h1>
        {event.performers.length > 0 && <p className={styles.who}>{event.performers.join(' · ')}</p>}
        <ul className={styles.facts}>
          <li>
            <Icon name="calendar" />
            <EventTime at={event.startsAt} zone={event.timeZone} style="long" withViewer />
          </li>
          {event.doorsAt && (
            <li>
              <Icon name="clock" />
              <span>
                {t('doors')} <EventTime at={event.doorsAt} zone={event.timeZone} style="clock" />
                {event.endsAt && (
                  <>
                    {' · '}
                    {t('ends')} <EventTime at={event.endsAt} zone={event.timeZone} style="clock" />
                  </>
                )}
              </span>
            </li>
          )}
          <li>
            <Icon name="place" />
            <span>
              {event.venue.name}
              <span className={styles.address}>
                {venue?.address ? `${venue.address}, ` : ''}
                {event.venue.city}
              </span>
            </span>
          </li>
        </ul>
        {event.movedAt && <p className={styles.moved}>{t('moved')}</p>}
        {event.timeSlots.length > 1 && (
          <nav className={styles.slots} aria-label={t('otherDates')}>
            <h2 className={styles.slotsTitle}>{t('otherDates')}</h2>
            <ul>
              {event.timeSlots.map((slot) => (
                <li key={slot.id}>
                  <Link
                    to="/events/$eventId"
                    params={{ eventId: slot.id }}
                    aria-current={slot.id === event.id ? 'date' : undefined}
                  >
                    {formatTime(slot.startsAt, locale, 'short', event.timeZone)}
                  </Link>
                </li>
              ))}
            </ul>
          </nav>
        )}
      </div>
    </section>
  )
}
