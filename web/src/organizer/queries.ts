import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { api, ok } from '../api/client'
import type { AuditFilter } from './audit/search'
import type { OrderFilter } from './orders/search'

/** Keys begin with `me`: another person who signs in finds nothing of the one before. */
const key = (org: string, ...rest: unknown[]) => ['me', 'org', org, ...rest]

/** The longest page that the server gives. */
const LONGEST = 100
/** A screen's worth of a list that grows on demand. */
const PAGE = 30

type Page<T> = { items: T[]; nextCursor?: string | null }

/** A list that is read page by page, as somebody asks for more. */
function list<T>(
  queryKey: unknown[],
  read: (cursor: string | undefined, signal: AbortSignal) => Promise<Page<T>>,
) {
  return infiniteQueryOptions({
    queryKey,
    queryFn: ({ pageParam, signal }) => read(pageParam, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last: Page<T>) => last.nextCursor ?? undefined,
  })
}

export const organizersQuery = queryOptions({
  queryKey: ['me', 'organizers'],
  queryFn: async ({ signal }) => (await ok(api.GET('/api/v1/organizers', { signal }))).items,
  staleTime: 60_000,
})

export const ownEventsQuery = (org: string) =>
  list(key(org, 'events'), (cursor, signal) =>
    ok(
      api.GET('/api/v1/organizers/{org}/events', {
        params: { path: { org }, query: { limit: LONGEST, cursor } },
        signal,
      }),
    ),
  )

export const ownEventQuery = (org: string, event: string) =>
  queryOptions({
    queryKey: key(org, 'events', event),
    queryFn: ({ signal }) =>
      ok(api.GET('/api/v1/organizers/{org}/events/{event}', { params: { path: { org, event } }, signal })),
  })

/** All venues are public; an organizer's own are those that name it. */
export const ownVenuesQuery = (org: string) =>
  queryOptions({
    queryKey: key(org, 'venues'),
    queryFn: async ({ signal }) => {
      const venues = []
      let cursor: string | undefined
      do {
        const query = { limit: LONGEST, cursor }
        const page = await ok(api.GET('/api/v1/venues', { params: { query }, signal }))
        venues.push(...page.items)
        cursor = page.nextCursor ?? undefined
      } while (cursor)
      return venues.filter((venue) => venue.organizerId === org)
    },
    staleTime: 5 * 60_000,
  })

export const seatMapsQuery = (org: string, venue: string) =>
  queryOptions({
    queryKey: key(org, 'seat-maps', venue),
    queryFn: async ({ signal }) => {
      const params = { path: { org, venue }, query: { limit: LONGEST } }
      const page = await ok(api.GET('/api/v1/organizers/{org}/venues/{venue}/seat-maps', { params, signal }))
      return page.items.toSorted((a, b) => b.version - a.version)
    },
  })

/** What is left of the published events of a venue, in one call. */
export const venueEventsQuery = (venue: string) =>
  queryOptions({
    queryKey: ['events', 'of-venue', venue],
    queryFn: async ({ signal }) =>
      (await ok(api.GET('/api/v1/events', { params: { query: { venue, limit: LONGEST } }, signal }))).items,
  })

export const availabilityQuery = (event: string) =>
  queryOptions({
    queryKey: ['event', event, 'availability'],
    queryFn: ({ signal }) =>
      ok(api.GET('/api/v1/events/{event}/availability', { params: { path: { event } }, signal })),
  })

export const geometryQuery = (event: string) =>
  queryOptions({
    queryKey: ['event', event, 'seat-map'],
    queryFn: ({ signal }) =>
      ok(api.GET('/api/v1/events/{event}/seat-map', { params: { path: { event } }, signal })),
    staleTime: 5 * 60_000,
  })

/** Minutes that the live screen looks back. */
export const SALES_MINUTES = 60

export const salesQuery = (org: string, event: string) =>
  queryOptions({
    queryKey: key(org, 'sales', event),
    queryFn: ({ signal }) =>
      ok(
        api.GET('/api/v1/organizers/{org}/events/{event}/sales', {
          params: { path: { org, event }, query: { minutes: SALES_MINUTES } },
          signal,
        }),
      ),
  })

export const areasQuery = (org: string, event: string) =>
  queryOptions({
    queryKey: key(org, 'areas', event),
    queryFn: async ({ signal }) => {
      const params = { path: { org, event } }
      return (await ok(api.GET('/api/v1/organizers/{org}/events/{event}/areas', { params, signal }))).items
    },
  })

export const blocksQuery = (org: string, event: string) =>
  list(key(org, 'blocks', event), (cursor, signal) => {
    const params = { path: { org, event }, query: { limit: LONGEST, cursor } }
    return ok(api.GET('/api/v1/organizers/{org}/events/{event}/blocks', { params, signal }))
  })

export const attendanceQuery = (org: string, event: string) =>
  queryOptions({
    queryKey: key(org, 'attendance', event),
    queryFn: ({ signal }) =>
      ok(
        api.GET('/api/v1/organizers/{org}/events/{event}/checkins/attendance', {
          params: { path: { org, event } },
          signal,
        }),
      ),
  })

export const ordersQuery = (org: string, filter: OrderFilter) =>
  list(key(org, 'orders', filter), (cursor, signal) => readOrders(org, filter, cursor, signal, PAGE))

export function readOrders(
  org: string,
  filter: OrderFilter,
  cursor: string | undefined,
  signal: AbortSignal | undefined,
  limit = LONGEST,
) {
  const params = { path: { org }, query: { ...filter, limit, cursor } }
  return ok(api.GET('/api/v1/organizers/{org}/orders', { params, signal }))
}

export const orderQuery = (org: string, order: string) =>
  queryOptions({
    queryKey: key(org, 'orders', 'one', order),
    queryFn: ({ signal }) =>
      ok(api.GET('/api/v1/organizers/{org}/orders/{order}', { params: { path: { org, order } }, signal })),
  })

export type AttendeeStatus = 'issued' | 'used' | 'refunded' | 'revoked'

export type AttendeeFilter = { status?: AttendeeStatus; email?: string; order?: string; ticket?: string }

export const attendeesQuery = (org: string, event: string, filter: AttendeeFilter) =>
  list(key(org, 'attendees', event, filter), (cursor, signal) =>
    readAttendees(org, event, filter, cursor, signal, PAGE),
  )

export function readAttendees(
  org: string,
  event: string,
  filter: AttendeeFilter,
  cursor: string | undefined,
  signal: AbortSignal | undefined,
  limit = LONGEST,
) {
  const params = { path: { org, event }, query: { ...filter, limit, cursor } }
  return ok(api.GET('/api/v1/organizers/{org}/events/{event}/attendees', { params, signal }))
}

export const soldTicketQuery = (org: string, ticket: string) =>
  queryOptions({
    queryKey: key(org, 'tickets', ticket),
    queryFn: ({ signal }) =>
      ok(api.GET('/api/v1/organizers/{org}/tickets/{ticket}', { params: { path: { org, ticket } }, signal })),
  })

export const membersQuery = (org: string) =>
  queryOptions({
    queryKey: key(org, 'members'),
    queryFn: async ({ signal }) =>
      (await ok(api.GET('/api/v1/organizers/{org}/members', { params: { path: { org } }, signal }))).items,
  })

export const invitationsQuery = (org: string) =>
  queryOptions({
    queryKey: key(org, 'invitations'),
    queryFn: async ({ signal }) =>
      (await ok(api.GET('/api/v1/organizers/{org}/invitations', { params: { path: { org } }, signal })))
        .items,
  })

export const apiKeysQuery = (org: string) =>
  queryOptions({
    queryKey: key(org, 'api-keys'),
    queryFn: async ({ signal }) =>
      (await ok(api.GET('/api/v1/organizers/{org}/api-keys', { params: { path: { org } }, signal }))).items,
  })

export const clientsQuery = (org: string) =>
  queryOptions({
    queryKey: key(org, 'clients'),
    queryFn: async ({ signal }) =>
      (await ok(api.GET('/api/v1/organizers/{org}/clients', { params: { path: { org } }, signal }))).items,
  })

export const contractsQuery = (org: string) =>
  queryOptions({
    queryKey: key(org, 'contracts'),
    queryFn: async ({ signal }) =>
      (await ok(api.GET('/api/v1/organizers/{org}/contracts', { params: { path: { org } }, signal }))).items,
  })

/** Read when it is asked for alone: each look at it is an entry in it. */
export const auditQuery = (org: string, filter: AuditFilter) => ({
  ...list(key(org, 'audit', filter), (cursor, signal) => readAudit(org, filter, cursor, signal, PAGE)),
  gcTime: 0,
  refetchOnWindowFocus: false,
  refetchOnReconnect: false,
})

export function readAudit(
  org: string,
  filter: AuditFilter,
  cursor: string | undefined,
  signal: AbortSignal | undefined,
  limit = LONGEST,
) {
  const params = { path: { org }, query: { ...filter, limit, cursor } }
  return ok(api.GET('/api/v1/organizers/{org}/audit', { params, signal }))
}
