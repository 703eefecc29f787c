import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { useEffect } from 'react'
import { useTranslation } from 'react-i18next'
import { useMe } from '../../api/me'
import { isProblem } from '../../api/problem'
import { hasSession } from '../../api/session'
import type { EventPage, Ticket } from '../../api/types'
import { useLocale } from '../../i18n'
import { serverNow } from '../../lib/clock'
import { placeOf } from '../../lib/seat'
import { formatTime } from '../../lib/time'
import { buttonClass } from '../../ui/Button'
import { EventTime } from '../../ui/EventTime'
import { Icon } from '../../ui/Icon'
import { Page, PageHead } from '../../ui/Page'
import { EmptyState, ErrorState, Loading, Notice, Skeleton } from '../../ui/State'
import { EventArt } from '../art/EventArt'
import { TicketDialog } from './TicketDialog'
import styles from './TicketsPage.module.css'
import { admits, isUpcoming, keepBarcodes, keptTicketsQuery, myTicketsQuery } from './ticketQueries'

const route = getRouteApi('/tickets')

type Group = { eventId: string; event: EventPage | undefined; tickets: Ticket[] }

export function TicketsPage() {
  const { t } = useTranslation('tickets')
  const locale = useLocale()
  const { ticket: openId, past = false } = route.useSearch()
  const navigate = route.useNavigate()
  const { mine, fresh, isSignedIn } = useTickets()
  const groups = mine ? groupsOf(mine.tickets, mine.events) : []
  const now = serverNow()
  const shown = groups.filter(
    ({ event, tickets }) => (isUpcoming(event, now) && tickets.some(admits)) !== past,
  )
  const open = mine?.tickets.find((ticket) => ticket.id === openId)
  const show = (ticket: string | undefined) =>
    navigate({ search: (before) => ({ ...before, ticket }), resetScroll: false })
  return (
    <Page title={t('title')}>
      <PageHead title={t('title')} />
      <nav className={styles.tabs} aria-label={t('which')}>
        <Link
          to="/tickets"
          search={{}}
          className={styles.tab}
          aria-current={past ? undefined : 'page'}
          activeProps={{}}
        >
          {t('upcoming')}
        </Link>
        <Link
          to="/tickets"
          search={{ past: true }}
          className={styles.tab}
          aria-current={past ? 'page' : undefined}
          activeProps={{}}
        >
          {t('past')}
        </Link>
      </nav>
      {!mine && !fresh.isError && (
        <Loading>
          <Skeleton lines={3} block="9rem" />
        </Loading>
      )}
      {!mine && fresh.isError && <ErrorState error={fresh.error} onRetry={() => fresh.refetch()} />}
      {mine && shown.length === 0 && (
        <EmptyState
          title={t(past ? 'nonePast' : 'none')}
          action={
            <Link to="/" className={buttonClass({ variant: 'primary', size: 'l' })}>
              {t('common:state.goHome')}
            </Link>
          }
        >
          {!past && t('noneText')}
        </EmptyState>
      )}
      <div className={styles.groups}>
        {shown.map((group) => (
          <EventTickets key={group.eventId} group={group} onOpen={show} />
        ))}
      </div>
      {mine && (!isSignedIn || fresh.isError) && (
        <div className={styles.kept}>
          <Notice tone="warn">
            {t(isSignedIn ? 'offline' : 'signedOut', {
              time: formatTime(new Date(mine.keptAt).toISOString(), locale, 'short'),
            })}
          </Notice>
        </div>
      )}
      {open && (
        <TicketDialog
          ticket={open}
          event={mine?.events[open.eventId]}
          siblings={groups.find(({ eventId }) => eventId === open.eventId)?.tickets.filter(admits) ?? []}
          offline={!fresh.isSuccess}
          onShow={show}
          onClose={() => show(undefined)}
        />
      )}
    </Page>
  )
}

/**
 * The tickets as they were kept, until the server has said how they are now: at the door nobody waits for a
 * network that is dying. What it refuses to this person is not shown.
 */
function useTickets() {
  const { me } = useMe()
  const isSignedIn = hasSession()
  const fresh = useQuery({ ...myTicketsQuery, enabled: isSignedIn })
  const { data: before } = useQuery(keptTicketsQuery)
  useEffect(() => {
    if (fresh.data) void keepBarcodes(fresh.data)
  }, [fresh.data])
  const isRefused = isProblem(fresh.error) && fresh.error.status === 403
  const isOwn = before && (!me || me.id === before.user)
  const mine = fresh.data ?? (isOwn && !isRefused ? before.value : undefined)
  return { mine, fresh, isSignedIn }
}

function EventTickets({
  group: { eventId, event, tickets },
  onOpen,
}: {
  group: Group
  onOpen: (ticket: string) => void
}) {
  const { t } = useTranslation('tickets')
  return (
    <section className={styles.group} aria-labelledby={`of-${eventId}`}>
      <div className={styles.art}>{event && <EventArt seed={event.name} type={event.type} />}</div>
      <div className={styles.head}>
        <h2 id={`of-${eventId}`} className={styles.name}>
          <Link to="/events/$eventId" params={{ eventId }}>
            {event?.name ?? t('unknownEvent')}
          </Link>
        </h2>
        {event && (
          <p className={styles.when}>
            <EventTime at={event.startsAt} zone={event.timeZone} withViewer />
            <span className={styles.where}>
              {event.venue.name}, {event.venue.city}
            </span>
          </p>
        )}
      </div>
      <ul className={styles.stubs}>
        {tickets.map((ticket) => (
          <li key={ticket.id}>
            <button
              type="button"
              className={styles.stub}
              onClick={() => onOpen(ticket.id)}
              data-dead={!admits(ticket) || undefined}
            >
              <span>
                <strong>{placeOf(ticket, t)}</strong>
                <span className={styles.level}>{ticket.levelName}</span>
              </span>
              <span className={styles.state}>
                {ticket.status === 'issued' ? (
                  <Icon name="next" />
                ) : (
                  t(`status.${ticket.status}` as 'status.used')
                )}
              </span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  )
}

function groupsOf(tickets: readonly Ticket[], events: Record<string, EventPage>): Group[] {
  const found = new Map<string, Group>()
  for (const ticket of tickets) {
    const { eventId } = ticket
    const group = found.get(eventId) ?? { eventId, event: events[eventId], tickets: [] }
    group.tickets.push(ticket)
    found.set(eventId, group)
  }
  return [...found.values()].sort((one, other) =>
    (one.event?.startsAt ?? '').localeCompare(other.event?.startsAt ?? ''),
  )
}
