import { SeatIndex } from './hit'
import { parsePlan } from './parse'
import type { Plan } from './plan'
import type { SeatMapWire } from './wire'

export interface ReadPlan {
  readonly plan: Plan
  readonly index: ArrayBuffer | undefined
  /** What can be handed to another thread. */
  readonly buffers: ArrayBuffer[]
}

/** Fetches a seat map and makes it ready to be drawn. */
export async function readPlan(url: string): Promise<ReadPlan> {
  const answer = await fetch(url)
  if (!answer.ok) throw new Error(String(answer.status))
  return preparePlan((await answer.json()) as SeatMapWire)
}

export function preparePlan(wire: SeatMapWire): ReadPlan {
  const plan = parsePlan(wire)
  const index = SeatIndex.of(plan).data
  const arrays = [
    plan.x,
    plan.y,
    plan.size,
    plan.level,
    plan.flags,
    plan.rowOf,
    plan.label,
    plan.rowSection,
    plan.rowStart,
    plan.rowBox,
  ]
  const buffers = arrays.map((array) => array.buffer as ArrayBuffer)
  return { plan, index, buffers: index ? [...buffers, index] : buffers }
}
