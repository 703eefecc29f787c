import type { AreaWire, DecorationWire, PointWire } from './wire'

/** Bits of `Plan.flags`. */
export const ACCESSIBLE = 1
export const COMPANION = 2
export const RESTRICTED = 4
/** The next seat of the row stands right beside this one. */
export const JOINED = 8

/** Left, top, right, bottom, in map units. */
export type Box = readonly [number, number, number, number]

/**
 * A seat map as typed arrays: seats by their place in map order, rows and sections by theirs.
 * It can be sent between threads without being copied, but for its short tables of names.
 */
export interface Plan {
  readonly version: number
  readonly width: number
  readonly height: number
  /** Where everyone looks. */
  readonly focus: PointWire
  readonly levels: readonly PlanLevel[]
  readonly seatCount: number
  readonly x: Float32Array
  readonly y: Float32Array
  /** Diameter of a seat's mark: a little less than the room it has. */
  readonly size: Float32Array
  /** Index into `levels`. */
  readonly level: Uint8Array
  readonly flags: Uint8Array
  readonly rowOf: Uint32Array
  /** A label that is a plain number as that number, else `-1 - index` into `words`. */
  readonly label: Int32Array
  readonly words: readonly string[]
  /** Ids that are not made of section, row and label. */
  readonly oddIds: ReadonlyMap<number, string>
  readonly rowCount: number
  readonly rowLabel: readonly string[]
  readonly rowSection: Uint16Array
  /** First seat of each row; one more entry than there are rows. */
  readonly rowStart: Uint32Array
  /** Four numbers a row, with the seats' own size. */
  readonly rowBox: Float32Array
  readonly sections: readonly PlanSection[]
  readonly areas: readonly AreaWire[]
  readonly decorations: readonly DecorationWire[]
  /** What is drawn, with a margin. */
  readonly bounds: Box
  /** The usual distance between two seats. */
  readonly pitch: number
}

interface PlanLevel {
  readonly key: string
  readonly name: string
}

export interface PlanSection {
  readonly id: string
  readonly name: string
  readonly rowStart: number
  readonly rowEnd: number
  readonly seatStart: number
  readonly seatEnd: number
  readonly box: Box
  /** Corners as x, y, x, y; empty for a section without seats. */
  readonly outline: Float32Array
  /** Where its name stands, and how much room there is around. */
  readonly middle: PointWire
  readonly room: number
  /** The level of most of its seats. */
  readonly level: number
  /** Rows that are tables, as x, y and radius of each. */
  readonly tables: Float32Array
}

export function labelOf(plan: Plan, seat: number): string {
  const label = plan.label[seat]!
  return label >= 0 ? String(label) : plan.words[-1 - label]!
}

export function sectionOf(plan: Plan, seat: number): number {
  return plan.rowSection[plan.rowOf[seat]!]!
}

/** `section-row-seat`, which is what every call takes. */
export function idOf(plan: Plan, seat: number): string {
  const odd = plan.oddIds.get(seat)
  if (odd !== undefined) return odd
  const row = plan.rowOf[seat]!
  return `${plan.sections[plan.rowSection[row]!]!.id}-${plan.rowLabel[row]!}-${labelOf(plan, seat)}`
}

/** Finds seats by id. Made when first asked: most viewers never do. */
export class SeatIds {
  readonly #plan: Plan
  #places: Map<string, number> | undefined

  constructor(plan: Plan) {
    this.#plan = plan
  }

  find(id: string): number | undefined {
    if (!this.#places) {
      this.#places = new Map()
      for (let seat = 0; seat < this.#plan.seatCount; seat++) this.#places.set(idOf(this.#plan, seat), seat)
    }
    return this.#places.get(id)
  }
}

/** Whether a seat has nobody on at least one side, in a row of more than one. */
export function isOnAisle(plan: Plan, seat: number): boolean {
  const row = plan.rowOf[seat]!
  const start = plan.rowStart[row]!
  const end = plan.rowStart[row + 1]!
  if (end - start < 2) return false
  const next = (plan.flags[seat]! & JOINED) !== 0
  const before = seat > start && (plan.flags[seat - 1]! & JOINED) !== 0
  return !(next && before)
}
