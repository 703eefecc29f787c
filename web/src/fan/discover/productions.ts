import type { EventCard } from '../../api/types'

/** The performances of one production in one house: a list of sixteen same lines is no programme. */
export type Production = { key: string; dates: readonly [EventCard, ...EventCard[]] }

/** In the order of each production's first date in `events`. */
export function productionsOf(events: readonly EventCard[]): Production[] {
  const found = new Map<string, [EventCard, ...EventCard[]]>()
  for (const event of events) {
    const key = `${event.name} @ ${event.venue.id}`
    const dates = found.get(key)
    if (dates) dates.push(event)
    else found.set(key, [event])
  }
  return [...found].map(([key, dates]) => ({ key, dates }))
}

/** One night to try in each house: the soonest that can be bought now, the largest house first. */
export function invitationsOf(events: readonly EventCard[], most = 3): EventCard[] {
  const byHouse = new Map<string, EventCard>()
  for (const event of events)
    if (event.status === 'on_sale' && event.availableSeats !== 0 && !byHouse.has(event.venue.id))
      byHouse.set(event.venue.id, event)
  return [...byHouse.values()].sort((one, other) => other.capacity - one.capacity).slice(0, most)
}

/** What a card says about what is left, or nothing when it needs no saying. */
export function scarcity({ availableSeats, capacity, status }: EventCard): 'sold_out' | 'few' | undefined {
  if (availableSeats === null || availableSeats === undefined || status === 'scheduled') return undefined
  if (availableSeats === 0) return 'sold_out'
  return availableSeats / capacity < 0.05 ? 'few' : undefined
}
