import type { SeatIndex } from './hit'
import type { Plan } from './plan'

/** Where to go on the map as it is seen. */
type Direction = 'left' | 'right' | 'up' | 'down'

const STEP: Record<Direction, readonly [number, number]> = {
  left: [-1, 0],
  right: [1, 0],
  up: [0, -1],
  down: [0, 1],
}

/** Seats looked at around the one that is left; further ones when none of these will do. */
const NEAR = 48
const FAR = 4_000
/** How much a seat to the side costs against one straight ahead. */
const ASIDE = 2.5

/**
 * The seat that lies next in a direction, by where seats are and not by how they are numbered: near, and
 * rather straight ahead than to the side. `isWanted` leaves others out.
 */
export function step(
  plan: Plan,
  index: SeatIndex,
  from: number,
  direction: Direction,
  isWanted: (seat: number) => boolean = () => true,
): number | undefined {
  const [x, y] = [plan.x[from]!, plan.y[from]!]
  const wanted = (seat: number) => seat !== from && isWanted(seat)
  for (const count of [NEAR, FAR]) {
    const found = best(plan, index.near(x, y, count, Infinity, wanted), x, y, direction)
    if (found !== undefined) return found
  }
  return undefined
}

function best(
  plan: Plan,
  seats: readonly number[],
  x: number,
  y: number,
  direction: Direction,
): number | undefined {
  const [dx, dy] = STEP[direction]
  let chosen: number | undefined
  let least = Infinity
  for (const seat of seats) {
    const [awayX, awayY] = [plan.x[seat]! - x, plan.y[seat]! - y]
    const ahead = awayX * dx + awayY * dy
    const aside = Math.abs(awayX * dy) + Math.abs(awayY * dx)
    // Within sixty degrees of straight ahead; wider would turn back on a curved row.
    if (ahead <= 0 || aside > ahead * 1.75) continue
    const cost = ahead + ASIDE * aside
    if (cost < least) {
      chosen = seat
      least = cost
    }
  }
  return chosen
}

/** The section that lies next in a direction. */
export function stepSection(plan: Plan, from: number, direction: Direction): number | undefined {
  const [dx, dy] = STEP[direction]
  const { middle } = plan.sections[from]!
  let chosen: number | undefined
  let least = Infinity
  for (const [at, section] of plan.sections.entries()) {
    if (at === from || section.seatStart === section.seatEnd) continue
    const [awayX, awayY] = [section.middle.x - middle.x, section.middle.y - middle.y]
    const ahead = awayX * dx + awayY * dy
    const aside = Math.abs(awayX * dy) + Math.abs(awayY * dx)
    if (ahead <= 0 || aside > ahead * 1.75) continue
    const cost = ahead + ASIDE * aside
    if (cost < least) {
      chosen = at
      least = cost
    }
  }
  return chosen
}

/** The seat nearest to where everyone looks among those of a section that are wanted. */
export function frontSeat(
  plan: Plan,
  section: number,
  isWanted: (seat: number) => boolean,
): number | undefined {
  const { seatStart, seatEnd } = plan.sections[section]!
  let chosen: number | undefined
  let least = Infinity
  for (let seat = seatStart; seat < seatEnd; seat++) {
    if (!isWanted(seat)) continue
    const distance = Math.hypot(plan.x[seat]! - plan.focus.x, plan.y[seat]! - plan.focus.y)
    if (distance < least) {
      chosen = seat
      least = distance
    }
  }
  return chosen
}

/** The next seat after `from` in map order that is wanted, from the start again after the last. */
export function nextSeat(plan: Plan, from: number, isWanted: (seat: number) => boolean): number | undefined {
  for (let away = 1; away <= plan.seatCount; away++) {
    const seat = (from + away) % plan.seatCount
    if (isWanted(seat)) return seat
  }
  return undefined
}
