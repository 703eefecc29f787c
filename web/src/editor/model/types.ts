import type { components } from '../../api/schema'

type Schemas = components['schemas']
export type SeatMapWire = Schemas['SeatMap']
export type Level = Schemas['MapLevel']
export type Shape = Schemas['Shape']
export type Point = Schemas['Point']

/** Names a thing of the document while it is edited; never leaves it. */
export type Uid = number

/**
 * A place to sit. `key` is its part of the id it was published under: tickets name it, so it stays
 * whatever the label becomes. A seat that was never published is named after its label.
 */
export interface Seat {
  readonly uid: Uid
  readonly key?: string
  readonly label: string
  readonly x: number
  readonly y: number
  /** Key of a level; empty while none is chosen. */
  readonly level: string
  readonly accessible?: true
  readonly companion?: true
  readonly restrictedView?: true
  readonly externalId?: string
}

export interface Row {
  readonly uid: Uid
  readonly key?: string
  readonly label: string
  readonly seats: readonly Seat[]
}

export interface Section {
  readonly uid: Uid
  readonly id: string
  /** A published id is part of the name of every seat in it. */
  readonly published?: true
  readonly name: string
  readonly rows: readonly Row[]
}

export interface Area {
  readonly uid: Uid
  readonly id: string
  readonly published?: true
  readonly name: string
  readonly capacity: number
  readonly level: string
  readonly shape?: Shape
}

export interface Decoration {
  readonly uid: Uid
  readonly text?: string
  readonly color?: string
  readonly shape: Shape
}

/**
 * A seat map that is being drawn. Never changed in place: an edit makes a document that shares all it
 * left alone, so that undoing is going back to the one before and drawing looks only at what is new.
 */
export interface Doc {
  readonly name?: string
  readonly width: number
  readonly height: number
  readonly focalPoint?: Point
  readonly levels: readonly Level[]
  readonly sections: readonly Section[]
  readonly areas: readonly Area[]
  readonly decorations: readonly Decoration[]
  /** The next free uid. */
  readonly next: Uid
}

export type Flag = 'accessible' | 'companion' | 'restrictedView'

/** What is chosen: uids of sections, rows, seats, areas and decorations, in any mixture. */
export type Selection = ReadonlySet<Uid>

/** Bounds that the server holds a map to. */
export const LIMITS = {
  sections: 1_000,
  rows: 500,
  seats: 500,
  areaCapacity: 500_000,
  decorations: 1_000,
  extent: 1e6,
} as const

/** Seats and rows of a map drawn here stand this far apart: centimetres of a usual theatre. */
export const PITCH = 50
export const ROW_PITCH = 80

export function emptyDoc(levelName: string): Doc {
  return {
    width: 4_000,
    height: 3_000,
    focalPoint: { x: 2_000, y: 200 },
    levels: [{ key: 'standard', name: levelName, color: '#8b3fd1' }],
    sections: [],
    areas: [],
    decorations: [],
    next: 1,
  }
}

/** Thousandths, as the server keeps them. */
export const round = (number: number): number => Math.round(number * 1_000) / 1_000

export function seatCount(section: Section): number {
  return section.rows.reduce((sum, row) => sum + row.seats.length, 0)
}

export function placesOf(doc: Doc): { seats: number; standing: number } {
  return {
    seats: doc.sections.reduce((sum, section) => sum + seatCount(section), 0),
    standing: doc.areas.reduce((sum, area) => sum + area.capacity, 0),
  }
}
