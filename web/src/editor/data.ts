import { queryOptions } from '@tanstack/react-query'
import { api, ok } from '../api/client'
import type { components } from '../api/schema'
import { type Availability, type Fate, fateOf } from './model/compare'
import type { SeatMapWire } from './model/types'

type Schemas = components['schemas']
export type Version = Schemas['SeatMapView']
export type OwnEvent = Schemas['OwnEventView']
export type Venue = Schemas['VenueView']

/** The page asks for so many at a time, and for so many pages at most. */
const PAGE = 100
const PAGES_MAX = 10

async function all<T>(
  page: (cursor?: string) => Promise<{ items: T[]; nextCursor?: string | null }>,
): Promise<T[]> {
  const items: T[] = []
  let cursor: string | undefined
  for (let pages = 0; pages < PAGES_MAX; pages++) {
    const next = await page(cursor)
    items.push(...next.items)
    if (!next.nextCursor) break
    cursor = next.nextCursor
  }
  return items
}

export const venueQuery = (venue: string) =>
  queryOptions({
    queryKey: ['venue', venue],
    queryFn: ({ signal }) => ok(api.GET('/api/v1/venues/{venue}', { params: { path: { venue } }, signal })),
  })

export const versionsQuery = (org: string, venue: string) =>
  queryOptions({
    queryKey: ['me', 'seat-maps', org, venue],
    queryFn: ({ signal }) =>
      all<Version>((cursor) =>
        ok(
          api.GET('/api/v1/organizers/{org}/venues/{venue}/seat-maps', {
            params: { path: { org, venue }, query: { limit: PAGE, ...(cursor && { cursor }) } },
            signal,
          }),
        ),
      ),
  })

/** The organizer's events at a venue. */
export const eventsQuery = (org: string, venue: string) =>
  queryOptions({
    queryKey: ['me', 'venue-events', org, venue],
    queryFn: async ({ signal }) => {
      const events = await all<OwnEvent>((cursor) =>
        ok(
          api.GET('/api/v1/organizers/{org}/events', {
            params: { path: { org }, query: { limit: PAGE, ...(cursor && { cursor }) } },
            signal,
          }),
        ),
      )
      return events.filter(({ venueId, state }) => venueId === venue && state !== 'cancelled')
    },
  })

/** The geometry of a version, which never changes. */
export const geometryQuery = (org: string, venue: string, map: string) =>
  queryOptions({
    queryKey: ['me', 'geometry', org, venue, map],
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: ({ signal }): Promise<SeatMapWire> =>
      ok(
        api.GET('/api/v1/organizers/{org}/venues/{venue}/seat-maps/{map}', {
          params: { path: { org, venue, map } },
          signal,
        }),
      ),
  })

async function geometryOf(event: string): Promise<SeatMapWire | undefined> {
  const { data, response } = await api.GET('/api/v1/events/{event}/seat-map', { params: { path: { event } } })
  return response.ok ? data : undefined
}

/** What would become of an event's places in use on another map; nothing for one that is not on sale yet. */
export async function fateOfEvent(event: OwnEvent, after: SeatMapWire): Promise<Fate | undefined> {
  if (event.state === 'draft') return undefined
  const path = { params: { path: { event: event.id } } }
  const [current, taken] = await Promise.all([
    geometryOf(event.id),
    api
      .GET('/api/v1/events/{event}/availability', path)
      .then(({ data, response }) => (response.ok ? data : undefined)),
  ])
  if (!current || !taken) return undefined
  return fateOf(current, taken as Availability, after)
}

/** Saves a map as the venue's next version. */
export async function addVersion(org: string, venue: string, map: unknown, key: string): Promise<Version> {
  return ok(
    api.POST('/api/v1/organizers/{org}/venues/{venue}/seat-maps', {
      params: { path: { org, venue }, header: { 'Idempotency-Key': key } },
      body: map as SeatMapWire,
    }),
  )
}

export function moveEvent(org: string, event: string, seatMapId: string): Promise<OwnEvent> {
  return ok(
    api.POST('/api/v1/organizers/{org}/events/{event}/seat-map', {
      params: { path: { org, event } },
      body: { seatMapId },
    }),
  )
}
