import { useInfiniteQuery, useQueries, useQuery } from '@tanstack/react-query'
import { useEffect } from 'react'
import { ownEventsQuery, ownVenuesQuery, venueEventsQuery } from '../queries'
import type { OwnEvent, Venue } from '../types'

/** More than this many events are read as somebody asks for them. */
const PAGES = 3

/** An organizer's events with their venues, and what is left of each that is public. */
export function useStock(org: string) {
  const events = useInfiniteQuery(ownEventsQuery(org))
  const venues = useQuery(ownVenuesQuery(org))
  const { hasNextPage, isFetching, fetchNextPage, data } = events
  const pages = data?.pages.length ?? 0
  useEffect(() => {
    if (hasNextPage && !isFetching && pages < PAGES) void fetchNextPage()
  }, [hasNextPage, isFetching, pages, fetchNextPage])
  const all = data?.pages.flatMap((page) => page.items) ?? []
  const inUse = [...new Set(all.filter(({ state }) => state !== 'draft').map(({ venueId }) => venueId))]
  const cards = useQueries({ queries: inUse.map((venue) => venueEventsQuery(venue)) })
  const left = new Map(
    cards.flatMap(({ data: found }) =>
      (found ?? []).map((card) => [card.id, card.availableSeats ?? undefined]),
    ),
  )
  const venueOf = (event: OwnEvent): Venue | undefined => venues.data?.find(({ id }) => id === event.venueId)
  return {
    query: events,
    events: all,
    venues: venues.data,
    venueOf,
    left: (event: string) => left.get(event),
  }
}
