import { queryOptions } from '@tanstack/react-query'
import { api, ok } from '../../api/client'
import { isProblem } from '../../api/problem'
import { queryClient } from '../../api/query'
import { csrfToken, hasSession } from '../../api/session'
import type { EventPage, Ticket } from '../../api/types'
import { serverNow } from '../../lib/clock'
import { eventQuery } from '../queries'
import { barcodeQuery } from './barcode'
import { keepMine } from './keeping'
import { kept } from './kept'

/** As many tickets as one person is likely to have to come, in pages of a hundred. */
const PAGES_MAX = 5
const NAME = 'tickets'

/** `keptAt`: when this was so, in milliseconds since 1970. */
type MyTickets = {
  tickets: Ticket[]
  events: Record<string, EventPage>
  keptAt: number
}

/** What is kept on this device and whose it is: there at once, whatever the network does. */
export const keptTicketsQuery = queryOptions({
  queryKey: ['me', 'tickets', 'kept'],
  queryFn: async () => (await kept<MyTickets>(NAME)) ?? null,
  networkMode: 'always',
})

export const myTicketsQuery = queryOptions({
  queryKey: ['me', 'tickets'],
  queryFn: async ({ signal }): Promise<MyTickets> => {
    const session = csrfToken()
    const tickets = await load(signal)
    const mine = { tickets, events: await eventsOf(tickets), keptAt: serverNow() }
    await keepMine(session, NAME, mine)
    return mine
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

/** One event that does not answer takes no ticket away: it stands there as it was kept, or without its name. */
async function eventsOf(tickets: readonly Ticket[]): Promise<Record<string, EventPage>> {
  const ids = [...new Set(tickets.map((ticket) => ticket.eventId))]
  const answers = await Promise.allSettled(
    ids.map((id) => queryClient.fetchQuery({ ...eventQuery(id), staleTime: 60_000 })),
  )
  const found = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []))
  const before = found.length < ids.length ? (await kept<MyTickets>(NAME))?.value.events : undefined
  return { ...before, ...Object.fromEntries(found.map((event) => [event.id, event])) }
}

export const admits = (ticket: Ticket): boolean => ticket.status === 'issued' || ticket.status === 'used'

/** Whether the event is still to come, or not so long over that somebody may be on the way out. */
export function isUpcoming(event: EventPage | undefined, now: number): boolean {
  if (!event) return true
  return Date.parse(event.endsAt ?? event.startsAt) + 6 * 60 * 60 * 1000 > now
}

/** Fetches the barcodes of what is to come, one after another, so that they are there without a network. */
export async function keepBarcodes({ tickets, events }: MyTickets): Promise<void> {
  for (const ticket of tickets) {
    if (!admits(ticket) || !isUpcoming(events[ticket.eventId], serverNow())) continue
    if (!hasSession()) return
    try {
      await queryClient.fetchQuery(barcodeQuery(ticket.id, ticket.version))
    } catch (error) {
      // The next one would fare no better.
      if (isProblem(error) && error.passes) return
    }
  }
}

/** Has ready what the door will ask for, long before that evening: the tickets and their barcodes. */
export async function keepTickets(): Promise<void> {
  if (!hasSession()) return
  await queryClient.fetchQuery(myTicketsQuery).then(keepBarcodes, () => {})
}

export async function hasKeptTickets(): Promise<boolean> {
  return ((await kept<MyTickets>(NAME))?.value.tickets.length ?? 0) > 0
}
