import type { AreaLeft, Delta, Snapshot } from '../../live/frames'
import type { Plan } from './plan'

/** Places that changed, or `all` of them. */
export type Changed = readonly number[] | 'all'

/** The status of every seat at one version, with how many of each section are in which. */
export class Occupancy {
  readonly seats: Uint8Array
  /** Four numbers a section: available, held, sold and blocked seats. */
  readonly counts: Uint32Array
  readonly areas: Map<string, number>
  /** Of the last change; nothing is known before the first. */
  version: number | undefined
  readonly #plan: Plan
  readonly #sectionOf: Uint16Array
  readonly #listeners = new Set<(changed: Changed) => void>()

  constructor(plan: Plan) {
    this.#plan = plan
    this.seats = new Uint8Array(plan.seatCount)
    this.counts = new Uint32Array(plan.sections.length * 4)
    this.areas = new Map()
    this.#sectionOf = new Uint16Array(plan.seatCount)
    plan.sections.forEach((section, at) => {
      this.#sectionOf.fill(at, section.seatStart, section.seatEnd)
      this.counts[at * 4] = section.seatEnd - section.seatStart
    })
  }

  /** Whether a snapshot numbers its seats as this map does. */
  fits(snapshot: Snapshot): boolean {
    return snapshot.map === this.#plan.version
  }

  /** Takes a snapshot, and tells only of what is other than before. */
  replace(snapshot: Snapshot): void {
    const isFirst = this.version === undefined
    const changed: number[] = []
    const length = Math.min(this.seats.length, snapshot.seats.length)
    for (let seat = 0; seat < length; seat++) {
      if (this.#set(seat, snapshot.seats[seat]!)) changed.push(seat)
    }
    this.version = snapshot.version
    const hasAreas = this.#setAreas(snapshot.areas)
    if (isFirst || hasAreas) this.#tell('all')
    else if (changed.length > 0) this.#tell(changed)
  }

  apply(delta: Delta): void {
    const changed: number[] = []
    for (const [seat, status] of delta.seats) if (this.#set(seat, status)) changed.push(seat)
    this.version = delta.version
    if (this.#setAreas(delta.areas)) this.#tell('all')
    else if (changed.length > 0) this.#tell(changed)
  }

  subscribe(listener: (changed: Changed) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Seats and places that can still be had. */
  get available(): number {
    let sum = 0
    for (let at = 0; at < this.counts.length; at += 4) sum += this.counts[at]!
    for (const left of this.areas.values()) sum += left
    return sum
  }

  #set(seat: number, status: number): boolean {
    const before = this.seats[seat]
    if (before === undefined || before === status) return false
    this.seats[seat] = status
    const section = this.#sectionOf[seat]! * 4
    this.counts[section + before]!--
    this.counts[section + status]!++
    return true
  }

  #setAreas(areas: readonly AreaLeft[]): boolean {
    let isChanged = false
    for (const { id, available } of areas) {
      isChanged ||= this.areas.get(id) !== available
      this.areas.set(id, available)
    }
    return isChanged
  }

  #tell(changed: Changed): void {
    for (const listener of this.#listeners) listener(changed)
  }
}
