import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { api, ok } from '../api/client'
import type { DiscoverSearch } from './search'

/** Enough for the months that people plan ahead, in one answer. */
const PAGE = 60

export const eventsQuery = ({ q, city, type, from, to }: DiscoverSearch) =>
  infiniteQueryOptions({
    queryKey: ['events', { q, city, type, from, to }],
    queryFn: ({ pageParam, signal }) => {
      const query = {
        q,
        city,
        type,
        from,
        to,
        sort: q ? 'relevance' : 'date',
        limit: PAGE,
        cursor: pageParam,
      } as const
      return ok(api.GET('/api/v1/events', { params: { query }, signal }))
    },
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.nextCursor ?? undefined,
  })

export const venuesQuery = queryOptions({
  queryKey: ['venues'],
  queryFn: ({ signal }) => ok(api.GET('/api/v1/venues', { params: { query: { limit: 100 } }, signal })),
  staleTime: 10 * 60_000,
})

export const venueQuery = (venue: string) =>
  queryOptions({
    queryKey: ['venues', venue],
    queryFn: ({ signal }) => ok(api.GET('/api/v1/venues/{venue}', { params: { path: { venue } }, signal })),
    staleTime: 10 * 60_000,
  })

export const eventQuery = (event: string) =>
  queryOptions({
    queryKey: ['event', event],
    queryFn: ({ signal }) => ok(api.GET('/api/v1/events/{event}', { params: { path: { event } }, signal })),
  })

/** How often places without a seat are counted again; the map follows each seat by itself. */
const AREAS_MS = 15_000

export const availabilityQuery = (event: string) =>
  queryOptions({
    queryKey: ['event', event, 'availability'],
    queryFn: ({ signal }) =>
      ok(api.GET('/api/v1/events/{event}/availability', { params: { path: { event } }, signal })),
    refetchInterval: ({ state }) => (state.data?.areas.length ? AREAS_MS : false),
  })

/** What an order of the hold would cost, fees included. */
export const quoteQuery = (hold: string) =>
  queryOptions({
    queryKey: ['me', 'hold', hold, 'quote'],
    queryFn: ({ signal }) =>
      ok(api.GET('/api/v1/holds/{hold}/quote', { params: { path: { hold } }, signal })),
    staleTime: 60_000,
  })

/** What giving these tickets of an order back would return. */
export const refundQuery = (order: string, tickets: readonly string[]) =>
  queryOptions({
    queryKey: ['me', 'order', order, 'refund', tickets],
    queryFn: ({ signal }) =>
      ok(
        api.GET('/api/v1/orders/{order}/refund', {
          params: { path: { order }, query: { tickets: tickets.join(',') } },
          signal,
        }),
      ),
    enabled: tickets.length > 0,
    retry: false,
  })

export const ordersQuery = infiniteQueryOptions({
  queryKey: ['me', 'orders'],
  queryFn: ({ pageParam, signal }) =>
    ok(api.GET('/api/v1/me/orders', { params: { query: { limit: 20, cursor: pageParam } }, signal })),
  initialPageParam: undefined as string | undefined,
  getNextPageParam: (last) => last.nextCursor ?? undefined,
})

export const orderQuery = (order: string) =>
  queryOptions({
    queryKey: ['me', 'order', order],
    queryFn: ({ signal }) => ok(api.GET('/api/v1/orders/{order}', { params: { path: { order } }, signal })),
  })
