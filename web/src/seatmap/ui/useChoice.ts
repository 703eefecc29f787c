import { useEffect, useMemo, useRef, useState } from 'react'
import { serverNow } from '../../lib/clock'
import { accessibleReleased } from '../../lib/release'
import { AVAILABLE } from '../../live'
import { idOf } from '../engine/plan'
import { forbidsOrphans, hasStandardOpen, orphansOf, specialOf } from '../engine/rules'
import type { Describer, T } from './describe'
import { type LiveMap, useOccupancy } from './useSeatMap'

interface ChoiceOptions {
  readonly map: LiveMap
  readonly describer: Describer
  readonly t: T
  readonly selected: readonly string[]
  readonly onSelect: (seats: readonly string[]) => void
  readonly mine: readonly string[]
  readonly max: number
  readonly startsAt: string
  readonly orphanPolicy: string
  readonly accessibleRelease: string
  /** A hold is being placed: seats that turn held meanwhile may well be the viewer's own. */
  readonly isHolding: boolean
  readonly readOnly: boolean
  readonly announce: (text: string) => void
}

/** What to know about what is picked. */
export interface Hint {
  readonly kind: 'orphan' | 'special' | 'companion' | 'limit' | 'taken'
  readonly text: string
  /** A seat that mends it when it is taken too. */
  readonly seat?: number
}

/** What is picked, what may be, and what has been taken meanwhile. */
export function useChoice(options: ChoiceOptions) {
  const { map, describer, t, selected, mine, max, announce } = options
  const changes = useOccupancy(map.occupancy)
  const picked = useMemo(() => placesOf(map, selected), [map, selected])
  const own = useMemo(() => placesOf(map, mine), [map, mine])
  const [taken, setTaken] = useState<readonly number[]>([])
  const [isFull, setIsFull] = useState(false)
  const latest = useRef(options)
  latest.current = options

  const choose = (seats: ReadonlySet<number>) =>
    latest.current.onSelect([...seats].map((seat) => idOf(map.plan, seat)))

  // What somebody else has taken is no longer picked.
  useEffect(() => {
    if (options.isHolding || map.occupancy.version === undefined) return
    const lost = [...picked].filter((seat) => map.occupancy.seats[seat] !== AVAILABLE && !own.has(seat))
    if (lost.length === 0) return
    choose(new Set([...picked].filter((seat) => !lost.includes(seat))))
    setTaken(lost)
    announce(
      t('hint.taken', { count: lost.length, seats: lost.map((seat) => describer.seat(seat)).join('; ') }),
    )
  }, [changes, picked, own, options.isHolding])

  const toggle = (seat: number): void => {
    if (latest.current.readOnly) return
    setTaken([])
    const next = new Set(picked)
    if (next.delete(seat)) {
      setIsFull(false)
      choose(next)
      announce(t('said.removed', { seat: describer.seat(seat), count: next.size }))
      return
    }
    const state = describer.stateOf(seat, map.occupancy.seats[seat]!, picked, own)
    if (state !== 'available') {
      announce(describer.full(seat, state))
      return
    }
    if (next.size >= max) {
      setIsFull(true)
      announce(t('hint.limit', { count: max }))
      return
    }
    next.add(seat)
    choose(next)
    announce(t('said.picked', { seat: describer.seat(seat), price: describer.price(seat), count: next.size }))
  }

  const hints = useMemo((): Hint[] => {
    const found: Hint[] = []
    if (taken.length > 0) {
      const seats = taken.map((seat) => describer.seat(seat)).join('; ')
      found.push({ kind: 'taken', text: t('hint.taken', { count: taken.length, seats }) })
    }
    if (isFull && picked.size >= max) found.push({ kind: 'limit', text: t('hint.limit', { count: max }) })
    const { seats } = map.occupancy
    const now = serverNow()
    const isReleased = accessibleReleased(options.accessibleRelease, now, () =>
      hasStandardOpen(map.plan, seats),
    )
    if (forbidsOrphans(options.orphanPolicy, seats, Date.parse(options.startsAt), now)) {
      const [alone] = orphansOf(map.plan, seats, picked, isReleased)
      if (alone !== undefined) {
        const text = t('hint.orphan', { seat: describer.seat(alone) })
        found.push(picked.size < max ? { kind: 'orphan', text, seat: alone } : { kind: 'orphan', text })
      }
    }
    if (isReleased) return found
    const { special, lacksAccessible } = specialOf(map.plan, picked)
    if (lacksAccessible) found.push({ kind: 'companion', text: t('hint.companion') })
    else if (special.length > 0) found.push({ kind: 'special', text: t('hint.special') })
    return found
  }, [changes, picked, taken, isFull, describer, options.accessibleRelease])

  return { picked, mine: own, hints, toggle, changes }
}

export type Choice = ReturnType<typeof useChoice>

function placesOf(map: LiveMap, ids: readonly string[]): ReadonlySet<number> {
  if (ids.length === 0) return new Set()
  return new Set(ids.flatMap((id) => map.ids.find(id) ?? []))
}
