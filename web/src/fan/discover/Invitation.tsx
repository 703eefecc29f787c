import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import type { EventCard } from '../../api/types'
import { useLocale } from '../../i18n'
import { EventTime } from '../../ui/EventTime'
import { Money } from '../../ui/Money'
import { EventArt } from '../art/EventArt'
import styles from './Invitation.module.css'

/** A house this large is chosen by section, one this small by where the bar is. */
const ARENA = 20_000
const CLUB = 2_000

type Props = { event: EventCard; rank: number }

/** A poster on the wall by the stage door: one night that can be tried now. */
export function Invitation({ event, rank }: Props) {
  const { t } = useTranslation('discover')
  const locale = useLocale()
  const house = event.capacity >= ARENA ? 'arena' : event.capacity < CLUB ? 'club' : 'theatre'
  return (
    <li className={styles.poster} data-rank={rank}>
      <EventArt seed={event.name} type={event.type} className={styles.art} transition={`art-${event.id}`} />
      <div className={styles.text}>
        <p className={styles.kind}>
          {t(`house.${house}`, { places: event.capacity.toLocaleString(locale) })}
        </p>
        <h3 className={styles.name}>
          <Link to="/events/$eventId" params={{ eventId: event.id }} viewTransition className={styles.link}>
            {event.name}
          </Link>
        </h3>
        <p className={styles.where}>
          <EventTime at={event.startsAt} zone={event.timeZone} /> · {event.venue.name}, {event.venue.city}
        </p>
        <p className={styles.foot}>
          {event.priceFrom && (
            <span>
              {t('from_price')} <Money value={event.priceFrom} />
            </span>
          )}
          <span className={styles.go} aria-hidden="true">
            {t('choose')} →
          </span>
        </p>
      </div>
    </li>
  )
}
