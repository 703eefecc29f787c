import type { Box } from './plan'
import { edgeDistance, isInside, middleOf } from './shapes'
import type { PointWire, RowWire } from './wire'

interface Outlined {
  outline: Float32Array
  box: Box
  middle: PointWire
  room: number
}

/**
 * The shape of a section, which no seat map says: along its first row, up the ends of its rows, back along
 * the last one and down the other ends, half a row's distance out. Tables stand anywhere, so that a
 * section of tables is the hull of its seats.
 */
export function outlineOf(
  rows: readonly RowWire[],
  pitch: number,
  hasTables: boolean,
  fallback: Box,
): Outlined {
  const filled = rows.filter((row) => row.seats.length > 0)
  const points =
    hasTables || filled.length === 0 ? hull(filled.flatMap((row) => row.seats)) : aroundRows(filled, pitch)
  const grown = grow(points, pitch * 0.62)
  const outline = new Float32Array(grown.length * 2)
  for (const [at, point] of grown.entries()) outline.set([point.x, point.y], at * 2)
  const box = grown.length > 0 ? boxAround(outline) : fallback
  const middle = grown.length > 0 ? deepest(outline, box) : middleOf(fallback)
  return { outline, box, middle, room: grown.length > 0 ? edgeDistance(outline, middle.x, middle.y) : 0 }
}

function aroundRows(rows: readonly RowWire[], pitch: number): PointWire[] {
  const lines = alike(rows.map((row) => row.seats))
  const [first, last] = [lines[0]!, lines.at(-1)!]
  if (lines.length === 1) return ribbon(first)
  const right = straighten(
    lines.map((line) => line.at(-1)!),
    pitch,
  )
  const left = straighten(
    lines.map((line) => line[0]!),
    pitch,
  )
  const around = [
    ...thin(first),
    ...right.slice(1, -1),
    ...thin(last).toReversed(),
    ...left.slice(1, -1).toReversed(),
  ]
  return area(around) === 0 ? hull(around) : around
}

/** Rows read in one direction, whichever way each is numbered. */
function alike(rows: readonly (readonly PointWire[])[]): (readonly PointWire[])[] {
  let before: [number, number] | undefined
  return rows.map((row) => {
    const [dx, dy] = [row.at(-1)!.x - row[0]!.x, row.at(-1)!.y - row[0]!.y]
    const turned = before !== undefined && dx * before[0] + dy * before[1] < 0
    before = turned ? [-dx, -dy] : [dx, dy]
    return turned ? row.toReversed() : row
  })
}

/** A line with fewer corners, nowhere further from the old one than `most`. Source: Douglas and Peucker, 1973. */
function straighten(line: readonly PointWire[], most: number): PointWire[] {
  const [first, last] = [line[0]!, line.at(-1)!]
  const length = Math.hypot(last.x - first.x, last.y - first.y) || 1
  let [furthest, at] = [0, 0]
  for (const [index, { x, y }] of line.entries()) {
    const away = Math.abs((last.x - first.x) * (y - first.y) - (last.y - first.y) * (x - first.x)) / length
    if (away > furthest) [furthest, at] = [away, index]
  }
  if (furthest <= most || line.length < 3) return [first, last]
  return [...straighten(line.slice(0, at + 1), most), ...straighten(line.slice(at), most).slice(1)]
}

/** At most a dozen points of a row: enough for its curve. */
function thin(row: readonly PointWire[]): PointWire[] {
  const step = Math.max(1, Math.ceil((row.length - 1) / 11))
  return row.filter((_, at) => at % step === 0 || at === row.length - 1)
}

/** A single row as a shape with hardly any width, which growing then gives it. */
function ribbon(row: readonly PointWire[]): PointWire[] {
  const line = thin(row)
  if (line.length === 1) {
    const { x, y } = line[0]!
    const d = 0.01
    return [
      { x: x - d, y: y - d },
      { x: x + d, y: y - d },
      { x: x + d, y: y + d },
      { x: x - d, y: y + d },
    ]
  }
  const [first, last] = [line[0]!, line.at(-1)!]
  const length = Math.hypot(last.x - first.x, last.y - first.y) || 1
  const [nx, ny] = [(-(last.y - first.y) / length) * 0.01, ((last.x - first.x) / length) * 0.01]
  const back = line.map(({ x, y }) => ({ x: x + nx, y: y + ny })).toReversed()
  return [...line, ...back]
}

/** Moves every edge out by `by`, with corners cut where they would stick out. */
function grow(points: readonly PointWire[], by: number): PointWire[] {
  if (points.length < 3) return []
  const sign = area(points) > 0 ? 1 : -1
  const grown: PointWire[] = []
  points.forEach((point, at) => {
    const one = normal(points.at(at - 1)!, point, sign)
    const two = normal(point, points[(at + 1) % points.length]!, sign)
    if (!one || !two) return
    const dot = one.x * two.x + one.y * two.y
    if (dot < -0.2) {
      grown.push(
        { x: point.x + one.x * by, y: point.y + one.y * by },
        { x: point.x + two.x * by, y: point.y + two.y * by },
      )
      return
    }
    const reach = by / (1 + dot)
    grown.push({ x: point.x + (one.x + two.x) * reach, y: point.y + (one.y + two.y) * reach })
  })
  return grown
}

function normal(from: PointWire, to: PointWire, sign: number): PointWire | undefined {
  const length = Math.hypot(to.x - from.x, to.y - from.y)
  if (length === 0) return undefined
  return { x: (sign * (to.y - from.y)) / length, y: (-sign * (to.x - from.x)) / length }
}

/** Twice the area, positive when the points go clockwise on screen. */
function area(points: readonly PointWire[]): number {
  return points.reduce((sum, { x, y }, at) => {
    const next = points[(at + 1) % points.length]!
    return sum + x * next.y - next.x * y
  }, 0)
}

/** Andrew's monotone chain. */
function hull(points: readonly PointWire[]): PointWire[] {
  if (points.length < 3) return points.length === 0 ? [] : ribbon(points)
  const sorted = points.toSorted((one, other) => one.x - other.x || one.y - other.y)
  const half = (list: readonly PointWire[]) => {
    const chain: PointWire[] = []
    for (const point of list) {
      while (chain.length > 1 && turn(chain.at(-2)!, chain.at(-1)!, point) <= 0) chain.pop()
      chain.push(point)
    }
    return chain.slice(0, -1)
  }
  const around = [...half(sorted), ...half(sorted.toReversed())]
  return around.length > 2 ? around : ribbon([sorted[0]!, sorted.at(-1)!])
}

function turn(one: PointWire, two: PointWire, three: PointWire): number {
  return (two.x - one.x) * (three.y - one.y) - (two.y - one.y) * (three.x - one.x)
}

function boxAround(outline: Float32Array): Box {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity]
  for (let at = 0; at < outline.length; at += 2) {
    left = Math.min(left, outline[at]!)
    right = Math.max(right, outline[at]!)
    top = Math.min(top, outline[at + 1]!)
    bottom = Math.max(bottom, outline[at + 1]!)
  }
  return [left, top, right, bottom]
}

/** Where a name has room: the middle if it is nearly as deep inside as any other point of a coarse grid. */
function deepest(outline: Float32Array, box: Box): PointWire {
  const middle = centroid(outline)
  let best = middle
  let room = isInside(outline, middle.x, middle.y) ? edgeDistance(outline, middle.x, middle.y) * 1.5 : -1
  const steps = 8
  for (let i = 1; i < steps; i++) {
    for (let j = 1; j < steps; j++) {
      const x = box[0] + ((box[2] - box[0]) * i) / steps
      const y = box[1] + ((box[3] - box[1]) * j) / steps
      if (!isInside(outline, x, y)) continue
      const found = edgeDistance(outline, x, y)
      if (found > room) {
        best = { x, y }
        room = found
      }
    }
  }
  return best
}

function centroid(outline: Float32Array): PointWire {
  let [x, y, sum] = [0, 0, 0]
  for (let at = 0, before = outline.length - 2; at < outline.length; before = at, at += 2) {
    const [x1, y1, x2, y2] = [outline[before]!, outline[before + 1]!, outline[at]!, outline[at + 1]!]
    const cross = x1 * y2 - x2 * y1
    sum += cross
    x += (x1 + x2) * cross
    y += (y1 + y2) * cross
  }
  return { x: x / (3 * sum || 1), y: y / (3 * sum || 1) }
}
