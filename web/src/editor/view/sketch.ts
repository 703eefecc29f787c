import { ROW_NUMBERS, SEAT_NUMBERS, type SectionPlan } from '../model/draw'
import { pitchOfMap } from '../model/find'
import type { Box } from '../model/shape'
import { type Doc, PITCH, type Point, ROW_PITCH } from '../model/types'

/** People to a square metre of a standing area. */
const DENSITY = 2

export function boxOf(one: Point, other: Point): Box {
  return [
    Math.min(one.x, other.x),
    Math.min(one.y, other.y),
    Math.max(one.x, other.x),
    Math.max(one.y, other.y),
  ]
}

export function quad([left, top, right, bottom]: Box): Point[] {
  return [
    { x: left, y: top },
    { x: right, y: top },
    { x: right, y: bottom },
    { x: left, y: bottom },
  ]
}

/** As many rows and seats as fit between two corners. */
export function planOf(doc: Doc, from: Point, to: Point, level: string): SectionPlan {
  const [left, top, right, bottom] = boxOf(from, to)
  const pitch = Math.round(pitchOfMap(doc) * 10) / 10
  const rowPitch = pitch * (ROW_PITCH / PITCH)
  return {
    name: '',
    at: { x: (left + right) / 2, y: top + pitch / 2 },
    rows: Math.min(200, Math.max(1, Math.floor((bottom - top - pitch) / rowPitch) + 1)),
    seats: Math.min(400, Math.max(1, Math.floor((right - left) / pitch))),
    spacing: pitch,
    rowSpacing: rowPitch,
    radius: 0,
    staggered: false,
    fanned: false,
    aisles: [],
    level,
    rowNumbers: ROW_NUMBERS,
    seatNumbers: SEAT_NUMBERS,
  }
}

/** How many people an area takes, to begin with. */
export function capacityOf(points: readonly Point[], pitch: number): number {
  const twice = points.reduce((sum, { x, y }, at) => {
    const next = points[(at + 1) % points.length]!
    return sum + x * next.y - next.x * y
  }, 0)
  // Two seats' spacing is about a metre.
  const metres = Math.abs(twice) / 2 / (pitch * 2) ** 2
  return Math.max(10, Math.round((metres * DENSITY) / 10) * 10)
}
