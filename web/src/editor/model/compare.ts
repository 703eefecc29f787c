import type { components } from '../../api/schema'
import type { SeatMapWire } from './types'

/** What one version of a map has that another has not, by the ids that tickets name. */
export interface Difference {
  readonly added: readonly string[]
  readonly removed: readonly string[]
  /** Called differently: section, row or seat. */
  readonly renamed: readonly string[]
  readonly moved: readonly string[]
  readonly relevelled: readonly string[]
  readonly areas: readonly string[]
  /** Whether levels were added, removed or put in another order: events on sale stay on maps with the same. */
  readonly levels: boolean
}

interface Place {
  readonly section: string
  readonly row: string
  readonly label: string
  readonly x: number
  readonly y: number
  readonly level: string
}

function placesOf(map: SeatMapWire): Map<string, Place> {
  const places = new Map<string, Place>()
  for (const section of map.sections ?? []) {
    for (const row of section.rows) {
      for (const seat of row.seats) {
        const id = seat.id ?? `${section.id}-${row.label}-${seat.label}`
        places.set(id, {
          section: section.name,
          row: row.label,
          label: seat.label,
          x: seat.x,
          y: seat.y,
          level: seat.level,
        })
      }
    }
  }
  return places
}

const thousandth = (number: number) => Math.round(number * 1_000)

export function compare(before: SeatMapWire, after: SeatMapWire): Difference {
  const [old, now] = [placesOf(before), placesOf(after)]
  const [added, removed]: [string[], string[]] = [[], []]
  const [renamed, moved, relevelled]: [string[], string[], string[]] = [[], [], []]
  for (const [id, place] of now) {
    const was = old.get(id)
    if (!was) {
      added.push(id)
      continue
    }
    if (was.section !== place.section || was.row !== place.row || was.label !== place.label) renamed.push(id)
    if (thousandth(was.x) !== thousandth(place.x) || thousandth(was.y) !== thousandth(place.y)) moved.push(id)
    if (was.level !== place.level) relevelled.push(id)
  }
  for (const id of old.keys()) if (!now.has(id)) removed.push(id)
  const areas = areasOf(before, after)
  return { added, removed, renamed, moved, relevelled, areas, levels: levelsDiffer(before, after) }
}

function areasOf(before: SeatMapWire, after: SeatMapWire): string[] {
  const text = ({ areas = [] }: SeatMapWire) =>
    new Map(areas.map((area) => [area.id, JSON.stringify(sorted(area))]))
  const [old, now] = [text(before), text(after)]
  return [...new Set([...old.keys(), ...now.keys()])].filter((id) => old.get(id) !== now.get(id))
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const fields = Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1))
  return Object.fromEntries(fields.map(([key, field]) => [key, sorted(field)]))
}

function levelsDiffer(before: SeatMapWire, after: SeatMapWire): boolean {
  const keys = (map: SeatMapWire) => map.levels.map(({ key }) => key).join(' ')
  return keys(before) !== keys(after)
}

export const isSame = (difference: Difference): boolean =>
  !difference.levels &&
  [
    difference.added,
    difference.removed,
    difference.renamed,
    difference.moved,
    difference.relevelled,
    difference.areas,
  ].every((list) => list.length === 0)

export type Availability = components['schemas']['AvailabilityView']

/** What would become of the places in use, were an event moved to another version of its map. */
export interface Fate {
  readonly held: number
  readonly sold: number
  readonly blocked: number
  /** Seats in use that the new map has not. */
  readonly lost: readonly string[]
  /** Held or sold seats that would get another price level. */
  readonly relevelled: readonly string[]
  /** Areas with more places in use than the new map gives them, or none at all, or another level. */
  readonly areas: readonly { id: string; inUse: number }[]
  readonly levels: boolean
}

export const isKept = (fate: Fate): boolean =>
  fate.lost.length === 0 && fate.relevelled.length === 0 && fate.areas.length === 0 && !fate.levels

const [HELD, SOLD, BLOCKED] = [1, 2, 3]

/** The same rules the seat engine decides by; it has the last word. */
export function fateOf(current: SeatMapWire, taken: Availability, after: SeatMapWire): Fate {
  const bits = Uint8Array.from(atob(taken.seats), (letter) => letter.charCodeAt(0))
  const now = placesOf(after)
  const counts = [0, 0, 0, 0]
  const [lost, relevelled]: [string[], string[]] = [[], []]
  let at = 0
  for (const [id, was] of placesOf(current)) {
    const status = ((bits[at >> 2] ?? 0) >> ((at & 3) * 2)) & 3
    at++
    counts[status]!++
    if (status === 0) continue
    const place = now.get(id)
    if (!place) lost.push(id)
    else if (status !== BLOCKED && place.level !== was.level) relevelled.push(id)
  }
  const areas = (current.areas ?? []).flatMap((area) => {
    const count = taken.areas.find(({ id }) => id === area.id)
    const inUse = count ? area.capacity - count.available : 0
    const next = (after.areas ?? []).find(({ id }) => id === area.id)
    const fits = next !== undefined && next.capacity >= inUse && next.level === area.level
    return inUse > 0 && !fits ? [{ id: area.id, inUse }] : []
  })
  return {
    held: counts[HELD]!,
    sold: counts[SOLD]!,
    blocked: counts[BLOCKED]!,
    lost,
    relevelled,
    areas,
    levels: levelsDiffer(current, after),
  }
}
