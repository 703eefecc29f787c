import type { Availability } from '../api/types'
import type { Schemas } from './types'

/** Places of a section or area by status. Of an area everyone is told only what is free: the rest is `taken`. */
export type SectionCounts = {
  id: string
  name: string
  isArea: boolean
  capacity: number
  available: number
  held: number
  sold: number
  blocked: number
  /** Held, sold or blocked, where nobody tells which. */
  taken: number
}

/** Two bits a seat, four seats a byte, the first in the lowest bits. */
export function unpackSeats(base64: string, count: number): Uint8Array {
  const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0))
  const seats = new Uint8Array(count)
  for (let seat = 0; seat < count; seat++) seats[seat] = ((bytes[seat >> 2] ?? 0) >> ((seat & 3) * 2)) & 3
  return seats
}

export const seatCount = (availability: Pick<Availability, 'sections'>): number =>
  availability.sections.reduce((sum, section) => sum + section.seats, 0)

/** Counts by section: sections and their seats stand in map order in both. */
export function countSections(
  sections: Availability['sections'],
  areas: Availability['areas'],
  seats: Uint8Array,
  areaCapacity: (id: string) => number | undefined,
): SectionCounts[] {
  let from = 0
  const seated = sections.map(({ id, name, seats: capacity }) => {
    const byStatus = [0, 0, 0, 0]
    for (let seat = from; seat < from + capacity; seat++) {
      const status = seats[seat] ?? 0
      byStatus[status] = (byStatus[status] ?? 0) + 1
    }
    from += capacity
    const [available = 0, held = 0, sold = 0, blocked = 0] = byStatus
    return { id, name, isArea: false, capacity, available, held, sold, blocked, taken: 0 }
  })
  const open = areas.map(({ id, name, available }) => {
    const capacity = Math.max(areaCapacity(id) ?? available, available)
    const taken = capacity - available
    return { id, name, isArea: true, capacity, available, held: 0, sold: 0, blocked: 0, taken }
  })
  return [...seated, ...open]
}

/** The same with the areas as staff are told of them. A row is of one moment, so that it adds up. */
export function withAreas(
  counts: readonly SectionCounts[],
  told: readonly Schemas['AreaCountsView'][],
): SectionCounts[] {
  const areas = new Map(told.map((area) => [area.id, area]))
  return counts.map((one) => {
    const area = one.isArea ? areas.get(one.id) : undefined
    return area ? { ...one, ...area, taken: 0 } : one
  })
}

/** How much of a section `part` of its places are, in parts of one; of an area that takes nobody there is none. */
export const shareOf = (section: Pick<SectionCounts, 'capacity'>, part: number): number =>
  part / (section.capacity || 1)

export function totalOf(sections: readonly SectionCounts[]): Omit<SectionCounts, 'id' | 'name' | 'isArea'> {
  const sum = { capacity: 0, available: 0, held: 0, sold: 0, blocked: 0, taken: 0 }
  for (const section of sections) for (const key of KEYS) sum[key] += section[key]
  return sum
}

const KEYS = ['capacity', 'available', 'held', 'sold', 'blocked', 'taken'] as const
