import Flatbush from 'flatbush'
import type { Plan } from './plan'
import { cornersOf, isInside } from './shapes'

/** Finds seats by where they are. */
export class SeatIndex {
  readonly #index: Flatbush | undefined

  private constructor(index: Flatbush | undefined) {
    this.#index = index
  }

  static of(plan: Pick<Plan, 'seatCount' | 'x' | 'y'>): SeatIndex {
    if (plan.seatCount === 0) return new SeatIndex(undefined)
    const index = new Flatbush(plan.seatCount, 16, Float32Array)
    for (let seat = 0; seat < plan.seatCount; seat++) index.add(plan.x[seat]!, plan.y[seat]!)
    index.finish()
    return new SeatIndex(index)
  }

  /** One whose `data` was made elsewhere, as on another thread. */
  static from(data: ArrayBuffer | undefined): SeatIndex {
    return new SeatIndex(data && Flatbush.from(data))
  }

  get data(): ArrayBuffer | undefined {
    return this.#index?.data as ArrayBuffer | undefined
  }

  /** At most `count` seats within `reach`, the nearest first. */
  near(x: number, y: number, count: number, reach = Infinity, filter?: (seat: number) => boolean): number[] {
    return this.#index?.neighbors(x, y, count, reach, filter) ?? []
  }

  within(left: number, top: number, right: number, bottom: number): number[] {
    return this.#index?.search(left, top, right, bottom) ?? []
  }
}

/** The section that a point of the map is in, or whose edge is within `reach`. */
export function sectionAt(plan: Plan, x: number, y: number, reach = 0): number | undefined {
  let nearest: number | undefined
  let nearestDistance = reach
  for (const [at, { box, outline, middle }] of plan.sections.entries()) {
    if (x < box[0] - reach || x > box[2] + reach || y < box[1] - reach || y > box[3] + reach) continue
    if (isInside(outline, x, y)) return at
    const distance = Math.max(
      0,
      Math.hypot(middle.x - x, middle.y - y) - Math.min(box[2] - box[0], box[3] - box[1]) / 2,
    )
    if (distance < nearestDistance) {
      nearest = at
      nearestDistance = distance
    }
  }
  return nearest
}

/** The general-admission area that a point of the map is in. */
export function areaAt(plan: Plan, x: number, y: number): number | undefined {
  const at = plan.areas.findIndex(
    ({ shape }) =>
      shape &&
      isInside(
        cornersOf(shape).flatMap((corner) => [corner.x, corner.y]),
        x,
        y,
      ),
  )
  return at < 0 ? undefined : at
}
