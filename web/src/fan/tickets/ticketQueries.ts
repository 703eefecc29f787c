import { queryOptions } from '@tanstack/react-query'
import { api, ok } from '../../api/client'
import { isProblem } from '../../api/problem'
import { queryClient } from '../../api/query'
import type { EventPage, Ticket } from '../../api/types'
import { eventQuery } from '../queries'
import { barcodeQuery } from './barcode'
import { keep, kept } from './kept'

/** As many tickets as one person is likely to have to come, in pages of a hundred. */
const PAGES_MAX = 5
const NAME = 'tickets'

/** `offline`: when what is shown was kept, in milliseconds since 1970. */
export type MyTickets = {
  tickets: Ticket[]
  events: Record<string, EventPage>
  keptAt: number
  offline: boolean
}

export const myTicketsQuery = queryOptions({
  queryKey: ['me', 'tickets'],
  queryFn: async ({ signal }): Promise<MyTickets> => {
    try {
      const tickets = await load(signal)
      const ids = [...new Set(tickets.map((ticket) => ticket.eventId))]
      const events = await Promise.all(
        ids.map((id) => queryClient.fetchQuery({ ...eventQuery(id), staleTime: 60_000 })),
      )
      const mine = {
        tickets,
        events: Object.fromEntries(events.map((event) => [event.id, event])),
        keptAt: Date.now(),
        offline: false,
      }
      await keep(NAME, mine).catch(() => {})
      return mine
    } catch (error) {
      const before = isProblem(error, 'offline') ? await kept<MyTickets>(NAME) : undefined
      if (!before) throw error
      return { ...before, offline: true }
    }
  },
  retry: false,
})

async function load(signal: AbortSignal): Promise<Ticket[]> {
  const tickets: Ticket[] = []
  let cursor: string | undefined
  for (let page = 0; page < PAGES_MAX; page++) {
    const answer = await ok(
      api.GET('/api/v1/me/tickets', { params: { query: { limit: 100, cursor } }, signal }),
    )
    tickets.push(...answer.items)
    cursor = answer.nextCursor ?? undefined
    if (!cursor) break
  }
  return tickets
}

export const admits = (ticket: Ticket): boolean => ticket.status === 'issued' || ticket.status === 'used'

/** Whether the event is still to come, or not so long over that somebody may be on the way out. */
export function isUpcoming(event: EventPage | undefined, now: number): boolean {
  if (!event) return true
  return Date.parse(event.endsAt ?? event.startsAt) + 6 * 60 * 60 * 1000 > now
}

/** Fetches the barcodes of what is to come, one after another, so that they are there without a network. */
export async function keepBarcodes({ tickets, events }: MyTickets, now: number): Promise<void> {
  for (const ticket of tickets)
    if (admits(ticket) && isUpcoming(events[ticket.eventId], now))
      await queryClient.prefetchQuery(barcodeQuery(ticket.id, ticket.version))
}
