import type { Schemas } from '../types'

type MapFile = Schemas['SeatMap'] | Schemas['SeatingPlan']
export type ReadFile =
  | { map: MapFile; kind: 'ours' | 'plan'; name: string; seats: number; sections: number; areas: number }
  | { fault: 'notJson' | 'unknown' | 'tooLarge' }

/** More than a stadium's map takes. */
const BYTES_MAX = 40_000_000

type Loose = Record<string, unknown>
const list = (value: unknown): Loose[] => (Array.isArray(value) ? value : [])
const rowsOf = (parts: Loose[]) => parts.flatMap((part) => list(part.rows))
const seatsIn = (rows: Loose[]) => rows.reduce((sum, row) => sum + list(row.seats).length, 0)

/** Tells a seat map of ours from an open seating plan, and what is in it. The server checks the rest. */
export function readMapFile(text: string): ReadFile {
  if (text.length > BYTES_MAX) return { fault: 'tooLarge' }
  let file: Loose
  try {
    file = JSON.parse(text)
  } catch {
    return { fault: 'notJson' }
  }
  if (typeof file !== 'object' || file === null) return { fault: 'unknown' }
  const name = typeof file.name === 'string' ? file.name : ''
  if (Array.isArray(file.zones)) {
    const zones = list(file.zones)
    return {
      map: file as MapFile,
      kind: 'plan',
      name,
      seats: seatsIn(rowsOf(zones)),
      sections: zones.length,
      areas: zones.reduce((sum, zone) => sum + list(zone.areas).length, 0),
    }
  }
  if (Array.isArray(file.levels) && (Array.isArray(file.sections) || Array.isArray(file.areas))) {
    const sections = list(file.sections)
    return {
      map: file as MapFile,
      kind: 'ours',
      name,
      seats: seatsIn(rowsOf(sections)),
      sections: sections.length,
      areas: list(file.areas).length,
    }
  }
  return { fault: 'unknown' }
}
