import type { TFunction } from 'i18next'
import { useMemo } from 'react'
import type { EventPage, Money } from '../../api/types'
import { formatMoney } from '../../lib/money'
import { ACCESSIBLE, COMPANION, isOnAisle, labelOf, type Plan, RESTRICTED, sectionOf } from '../engine/plan'

export type SeatState = 'available' | 'held' | 'sold' | 'blocked' | 'picked' | 'mine'
export type Note = 'accessible' | 'companion' | 'restricted' | 'aisle'
export type T = TFunction<'seatmap'>

/** What of an event its seats are described by. */
type Offer = Pick<EventPage, 'priceLevels'>

const STATES = ['available', 'held', 'sold', 'blocked'] as const

/** What is said and shown about the seats of a map in one language, for one event. */
export class Describer {
  readonly #plan: Plan
  readonly #t: T
  readonly #locale: string
  /** By level of the map. */
  readonly prices: readonly (Money | undefined)[]
  /** Place of each of the map's levels in the event's own list, which decides its colour. */
  readonly order: readonly number[]
  readonly levelNames: readonly string[]

  constructor(plan: Plan, { priceLevels }: Offer, t: T, locale: string) {
    this.#plan = plan
    this.#t = t
    this.#locale = locale
    const listed = plan.levels.map(({ key }) => priceLevels.find((level) => level.key === key))
    this.prices = listed.map((level) => level?.price)
    this.levelNames = plan.levels.map((level, at) => listed[at]?.name ?? level.name)
    this.order = listed.map((level, at) => (level ? priceLevels.indexOf(level) : at))
  }

  stateOf(seat: number, status: number, picked: ReadonlySet<number>, mine: ReadonlySet<number>): SeatState {
    if (picked.has(seat)) return 'picked'
    if (mine.has(seat)) return 'mine'
    return STATES[status] ?? 'blocked'
  }

  section(section: number): string {
    return this.#plan.sections[section]!.name
  }

  /** "Lower tier 101, row A, seat 12". */
  seat(seat: number): string {
    return this.#t(this.#kind(seat) === 'table' ? 'name.tableSeat' : 'name.seat', {
      section: this.section(sectionOf(this.#plan, seat)),
      row: this.rowLabel(seat),
      seat: labelOf(this.#plan, seat),
    })
  }

  /** "Row A, seat 12". */
  inSection(seat: number): string {
    const at = { row: this.rowLabel(seat), seat: labelOf(this.#plan, seat) }
    return this.#t(this.#kind(seat) === 'table' ? 'name.tableShort' : 'name.short', at)
  }

  row(row: number): string {
    const isTable = this.#plan.sections[this.#plan.rowSection[row]!]!.tables.length > 0
    return this.#t(isTable ? 'name.table' : 'name.row', { row: this.#plan.rowLabel[row]! })
  }

  rowLabel(seat: number): string {
    return this.#plan.rowLabel[this.#plan.rowOf[seat]!]!
  }

  price(seat: number): string {
    return this.levelPrice(this.#plan.level[seat]!)
  }

  levelPrice(level: number): string {
    const price = this.prices[level]
    return price ? formatMoney(price, this.#locale) : this.#t('noPrice')
  }

  notes(seat: number): Note[] {
    const flags = this.#plan.flags[seat]!
    return [
      ...(flags & ACCESSIBLE ? (['accessible'] as const) : []),
      ...(flags & COMPANION ? (['companion'] as const) : []),
      ...(flags & RESTRICTED ? (['restricted'] as const) : []),
      ...(this.#kind(seat) === 'row' && isOnAisle(this.#plan, seat) ? (['aisle'] as const) : []),
    ]
  }

  note(note: Note): string {
    return this.#t(`note.${note}`)
  }

  state(state: SeatState): string {
    return this.#t(`status.${state}`)
  }

  /** Everything a screen reader says of a seat. */
  full(seat: number, state: SeatState): string {
    const notes = this.notes(seat).map((note) => this.note(note))
    return [this.seat(seat), this.price(seat), this.state(state), ...notes].join(', ')
  }

  count(count: number): string {
    return count.toLocaleString(this.#locale)
  }

  percent(share: number): string {
    return share.toLocaleString(this.#locale, { style: 'percent', maximumFractionDigits: 0 })
  }

  /** "Lower tier 101, 312 of 640 free, from €45.00". */
  summary(section: number, counts: Uint32Array): string {
    const { seatStart, seatEnd } = this.#plan.sections[section]!
    const free = counts[section * 4]!
    const said =
      free === 0
        ? this.#t('section.none')
        : this.#t('section.free', { count: free, total: seatEnd - seatStart })
    return [
      this.section(section),
      said,
      ...(free === 0 ? [] : [this.#t('section.from', { price: this.cheapest(section) })]),
    ].join(', ')
  }

  cheapest(section: number): string {
    const { seatStart, seatEnd } = this.#plan.sections[section]!
    let level: number | undefined
    for (let seat = seatStart; seat < seatEnd; seat++) {
      const one = this.#plan.level[seat]!
      if (
        level === undefined ||
        (this.prices[one]?.amount ?? Infinity) < (this.prices[level]?.amount ?? Infinity)
      )
        level = one
    }
    return level === undefined ? '' : this.levelPrice(level)
  }

  #kind(seat: number): 'row' | 'table' {
    return this.#plan.sections[sectionOf(this.#plan, seat)]!.tables.length > 0 ? 'table' : 'row'
  }
}

export function useDescriber(plan: Plan, { priceLevels }: Offer, t: T, locale: string): Describer {
  // What is left of each level changes all the time; names and prices hardly ever.
  const offer = JSON.stringify(priceLevels.map(({ key, name, price }) => ({ key, name, price })))
  return useMemo(
    () => new Describer(plan, { priceLevels: JSON.parse(offer) }, t, locale),
    [plan, offer, t, locale],
  )
}
