import { boxOfSection, pitchOf } from '../model/find'
import { type Box, boxOfShape, cornersOf, isInside, meets } from '../model/shape'
import type { Doc, Point, Uid } from '../model/types'
import type { Grain } from '../state'
import { plateOf } from './scene'

/** What lies under a point, the smallest thing that the grain asks for. */
export function hit(doc: Doc, point: Point, grain: Grain): Uid | undefined {
  let nearest: { uid: Uid; away: number } | undefined
  for (const section of doc.sections) {
    const [left, top, right, bottom] = boxOfSection(section)
    const reach = pitchOf(section) * 0.5
    if (
      point.x < left - reach ||
      point.x > right + reach ||
      point.y < top - reach ||
      point.y > bottom + reach
    )
      continue
    for (const row of section.rows) {
      for (const seat of row.seats) {
        const away = Math.hypot(seat.x - point.x, seat.y - point.y)
        if (away > reach || (nearest && away >= nearest.away)) continue
        nearest = { uid: grain === 'section' ? section.uid : grain === 'row' ? row.uid : seat.uid, away }
      }
    }
    if (!nearest && grain === 'section' && isInside(plateOf(section).outline, point.x, point.y)) {
      nearest = { uid: section.uid, away: reach }
    }
  }
  if (nearest) return nearest.uid
  // What was drawn last lies on top.
  const area = doc.areas.findLast(({ shape }) => shape && isInside(flat(cornersOf(shape)), point.x, point.y))
  if (area) return area.uid
  return doc.decorations.findLast(({ shape }) => {
    if (shape.type === 'label') return Math.hypot(shape.x - point.x, shape.y - point.y) < 100
    return isInside(flat(cornersOf(shape)), point.x, point.y)
  })?.uid
}

const flat = (points: readonly Point[]) => points.flatMap(({ x, y }) => [x, y])

/** Everything of the grain that lies in a box: seats and rows that it touches, sections that it reaches into. */
export function within(doc: Doc, box: Box, grain: Grain): Uid[] {
  const isIn = ({ x, y }: Point) => x >= box[0] && x <= box[2] && y >= box[1] && y <= box[3]
  const found = doc.sections.flatMap((section): Uid[] => {
    if (!meets(boxOfSection(section), box)) return []
    if (grain === 'seat') return section.rows.flatMap((row) => row.seats.filter(isIn).map(({ uid }) => uid))
    const rows = section.rows.filter((row) => row.seats.some(isIn))
    if (grain === 'row') return rows.map(({ uid }) => uid)
    return rows.length > 0 ? [section.uid] : []
  })
  if (grain === 'seat') return found
  const drawn = [...doc.areas, ...doc.decorations].filter(({ shape }) => {
    if (!shape) return false
    const [left, top, right, bottom] = boxOfShape(shape)
    return left >= box[0] && top >= box[1] && right <= box[2] && bottom <= box[3]
  })
  return [...found, ...drawn.map(({ uid }) => uid)]
}

/** Seats within a brush's reach. */
export function under(doc: Doc, point: Point, radius: number): Uid[] {
  const box: Box = [point.x - radius, point.y - radius, point.x + radius, point.y + radius]
  return doc.sections.flatMap((section) =>
    meets(boxOfSection(section), box)
      ? section.rows.flatMap((row) =>
          row.seats
            .filter((seat) => Math.hypot(seat.x - point.x, seat.y - point.y) <= radius)
            .map(({ uid }) => uid),
        )
      : [],
  )
}
