import { AVAILABLE, HELD } from '../../live/frames'
import { ACCESSIBLE, COMPANION, JOINED, type Plan } from './plan'

/** Above this share of taken seats lone ones are better sold than protected, as the server sees it. */
const RELAX_SHARE = 0.95
const RELAX_BEFORE_START_MS = 2 * 60 * 60 * 1_000

/** Whether the event's rule about lone seats is in force. */
export function forbidsOrphans(policy: string, statuses: Uint8Array, startsAt: number, now: number): boolean {
  if (policy !== 'forbid' || startsAt - RELAX_BEFORE_START_MS < now) return false
  let taken = 0
  for (const status of statuses) if (status !== AVAILABLE) taken++
  return taken <= statuses.length * RELAX_SHARE
}

/** Whether a seat that is neither accessible nor for a companion can still be had: a held one may come back. */
export function hasStandardOpen(plan: Plan, statuses: Uint8Array): boolean {
  return statuses.some(
    (status, seat) =>
      (status === AVAILABLE || status === HELD) && (plan.flags[seat]! & (ACCESSIBLE | COMPANION)) === 0,
  )
}

/**
 * Seats that taking `picked` would leave free without a free neighbour, and that are not so already.
 * Accessible and companion seats count as taken until they are `released`: the public cannot have them.
 */
export function orphansOf(
  plan: Plan,
  statuses: Uint8Array,
  picked: ReadonlySet<number>,
  released: boolean,
): number[] {
  const kept = released ? 0 : ACCESSIBLE | COMPANION
  const isFree = (seat: number) => statuses[seat] === AVAILABLE && (plan.flags[seat]! & kept) === 0
  const isLeft = (seat: number) => isFree(seat) && !picked.has(seat)
  const isAlone = (seat: number, has: (seat: number) => boolean) => {
    const before = seat > 0 && (plan.flags[seat - 1]! & JOINED) !== 0 && has(seat - 1)
    const after = (plan.flags[seat]! & JOINED) !== 0 && has(seat + 1)
    return has(seat) && !before && !after
  }
  const orphans = new Set<number>()
  for (const seat of picked) {
    for (const beside of [seat - 1, seat + 1]) {
      if (beside < 0 || beside >= plan.seatCount || plan.rowOf[beside] !== plan.rowOf[seat]) continue
      if (isAlone(beside, isLeft) && !isAlone(beside, isFree)) orphans.add(beside)
    }
  }
  return [...orphans].sort((one, other) => one - other)
}

/** Which of the picked seats are kept for people who need them until they are released, and whether these are companion seats alone. */
export function specialOf(
  plan: Plan,
  picked: Iterable<number>,
): { special: number[]; lacksAccessible: boolean } {
  const special: number[] = []
  let hasAccessible = false
  for (const seat of picked) {
    const flags = plan.flags[seat]!
    if (flags & (ACCESSIBLE | COMPANION)) special.push(seat)
    hasAccessible ||= (flags & ACCESSIBLE) !== 0
  }
  return { special, lacksAccessible: special.length > 0 && !hasAccessible }
}
