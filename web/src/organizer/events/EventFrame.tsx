import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link, Outlet } from '@tanstack/react-router'
import { createContext, useContext } from 'react'
import { useTranslation } from 'react-i18next'
import { EventTime } from '../../ui/EventTime'
import { usePageTitle } from '../../ui/Page'
import type { Action } from '../access'
import { useOrganizer } from '../frame/context'
import { useCurrentInView } from '../frame/useCurrentInView'
import { Ready } from '../kit/List'
import { EventStatus } from '../kit/Status'
import { ownEventQuery, ownVenuesQuery } from '../queries'
import type { OwnEvent, Venue } from '../types'
import styles from './Events.module.css'

const route = getRouteApi('/organizer/$org/events/$event')

type EventHere = { event: OwnEvent; venue: Venue | undefined; zone: string }
const EventContext = createContext<EventHere | undefined>(undefined)

/** The event whose pages these are. */
export function useEvent(): EventHere {
  const here = useContext(EventContext)
  if (!here) throw new Error('outside of an event')
  return here
}

const TABS: readonly { to: string; label: string; needs?: Action; exact?: boolean; isPublic?: boolean }[] = [
  { to: '/organizer/$org/events/$event', label: 'tab.setUp', exact: true },
  { to: '/organizer/$org/events/$event/live', label: 'tab.live', isPublic: true },
  { to: '/organizer/$org/events/$event/blocks', label: 'tab.blocks', needs: 'blockPlaces', isPublic: true },
  { to: '/organizer/$org/events/$event/attendees', label: 'tab.attendees', needs: 'seeAttendees' },
]

export function EventFrame() {
  const { event: id } = route.useParams()
  const here = useOrganizer()
  const event = useQuery(ownEventQuery(here.id, id))
  const venues = useQuery(ownVenuesQuery(here.id))
  const venue = venues.data?.find((one) => one.id === event.data?.venueId)
  return (
    <Ready isPage query={venues.isPending ? venues : event}>
      {event.data && <Loaded event={event.data} venue={venue} />}
    </Ready>
  )
}

function Loaded({ event, venue }: { event: OwnEvent; venue: Venue | undefined }) {
  const { t } = useTranslation('organizerEvents')
  const here = useOrganizer()
  const zone = venue?.timeZone ?? 'UTC'
  const bar = useCurrentInView()
  usePageTitle(event.name)
  const shown = TABS.filter(
    ({ needs, isPublic }) =>
      (!needs || here.may(needs, event.id)) && (!isPublic || (event.state !== 'draft' && event.seatMapId)),
  )
  return (
    <EventContext value={{ event, venue, zone }}>
      <header className={styles.banner}>
        <Link to="/organizer/$org/events" params={{ org: here.id }}>
          {t('title')}
        </Link>
        <h1>{event.name}</h1>
        <div className={styles.facts}>
          <EventStatus state={event.state} status={event.status} />
          <p>
            <EventTime at={event.startsAt} zone={zone} style="long" />
          </p>
          {venue && (
            <p>
              {venue.name}, {venue.city}
            </p>
          )}
          {event.state !== 'draft' && (
            <Link to="/events/$eventId" params={{ eventId: event.id }}>
              {t('publicPage')}
            </Link>
          )}
        </div>
      </header>
      {shown.length > 1 && (
        <nav ref={bar} className={styles.tabs} aria-label={t('tab.label')}>
          {shown.map(({ to, label, exact }) => (
            <Link
              key={to}
              to={to}
              params={{ org: here.id, event: event.id }}
              activeOptions={{ exact: exact ?? false }}
            >
              {t(label)}
            </Link>
          ))}
        </nav>
      )}
      <Outlet />
    </EventContext>
  )
}
