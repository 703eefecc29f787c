import type { Point, Row, Seat, Shape } from './types'
import { PITCH, round } from './types'

/** A gap this much wider than the usual one is an aisle: as the server counts neighbours. */
export const AISLE = 1.5
/** How wide an aisle is made, in seats. */
const AISLE_WIDTH = 2
/** How far a seat may lie off the curve that its row is said to follow, in its spacing. */
const OFF_CURVE = 0.1

/**
 * The line that the seats of a row stand on. `bend` is one over the radius: 0 is straight, above it the
 * middle of the circle lies to the left of `angle` as seen on the map, turned by -90 degrees.
 */
export interface Curve {
  readonly middle: Point
  /** Degrees clockwise from pointing right, of the row's direction in its middle. */
  readonly angle: number
  readonly spacing: number
  readonly bend: number
  /** Seats, by index, that an aisle follows. */
  readonly aisles: readonly number[]
  /** Width of an aisle, in spacings. */
  readonly aisleWidth: number
}

const radians = (degrees: number) => (degrees * Math.PI) / 180
const degrees = (angle: number) => (angle * 180) / Math.PI

export const distance = (one: Point, other: Point): number => Math.hypot(other.x - one.x, other.y - one.y)

/** The lower of the two in the middle, as the server counts it. */
export function median(numbers: readonly number[]): number {
  return numbers.toSorted((one, other) => one - other)[(Math.max(numbers.length, 1) - 1) >> 1] ?? 0
}

/** The point of the curve this far along it from its middle. */
export function pointOn({ middle, angle, bend }: Curve, along: number): Point {
  const [dx, dy] = [Math.cos(radians(angle)), Math.sin(radians(angle))]
  if (Math.abs(bend) < 1e-9) return { x: middle.x + dx * along, y: middle.y + dy * along }
  // Towards the middle of the circle: to the left of the direction, where y points down.
  const [nx, ny] = [dy, -dx]
  const radius = 1 / bend
  const turned = along / radius
  const [across, up] = [Math.sin(turned) * radius, (1 - Math.cos(turned)) * radius]
  return { x: middle.x + dx * across + nx * up, y: middle.y + dy * across + ny * up }
}

/** How far along the curve each of `count` seats stands, the row centred on its middle. */
export function stations(count: number, { spacing, aisles, aisleWidth }: Curve): number[] {
  const after = new Set(aisles)
  const at = [0]
  for (let n = 1; n < count; n++) at.push(at[n - 1]! + spacing * (after.has(n - 1) ? aisleWidth : 1))
  const half = (at[count - 1] ?? 0) / 2
  return at.slice(0, count).map((along) => along - half)
}

/** The curve that a row stands on, or nothing if its seats stand freely. */
export function curveOf(seats: readonly Point[]): Curve | undefined {
  const [first, last] = [seats[0], seats.at(-1)]
  if (!first || !last) return undefined
  const usual = { spacing: PITCH, bend: 0, aisles: [], aisleWidth: AISLE_WIDTH }
  if (seats.length === 1) return { ...usual, middle: { x: first.x, y: first.y }, angle: 0 }
  const chords = seats.slice(1).map((seat, at) => distance(seats[at]!, seat))
  const chord = median(chords)
  const straight: Curve = {
    ...usual,
    middle: { x: (first.x + last.x) / 2, y: (first.y + last.y) / 2 },
    angle: degrees(Math.atan2(last.y - first.y, last.x - first.x)),
    spacing: chord,
  }
  const curve = seats.length > 2 ? bent(seats, straight) : straight
  if (!curve) return undefined
  const arc = (length: number) =>
    curve.bend === 0
      ? length
      : (2 / Math.abs(curve.bend)) * Math.asin(Math.min(1, (length * Math.abs(curve.bend)) / 2))
  const gaps = chords.map(arc)
  const spacing = median(gaps)
  const aisles = gaps.flatMap((gap, at) => (gap > spacing * AISLE ? [at] : []))
  const width = aisles.length > 0 ? median(aisles.map((at) => gaps[at]! / spacing)) : AISLE_WIDTH
  return { ...curve, spacing, aisles, aisleWidth: width }
}

/** The circle through the first, middle and last seat, if the others stand on it too. */
function bent(seats: readonly Point[], straight: Curve): Curve | undefined {
  const [a, b, c] = [seats[0]!, seats[seats.length >> 1]!, seats.at(-1)!]
  const off = straight.spacing * OFF_CURVE
  const cross = (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x)
  const chord = distance(a, c)
  if (Math.abs(cross) <= off * chord || chord === 0) {
    const isOn = seats.every(
      (seat) => Math.abs((c.x - a.x) * (seat.y - a.y) - (c.y - a.y) * (seat.x - a.x)) <= off * chord,
    )
    return isOn && chord > 0 ? straight : undefined
  }
  const [squareB, squareC] = [(b.x - a.x) ** 2 + (b.y - a.y) ** 2, (c.x - a.x) ** 2 + (c.y - a.y) ** 2]
  const center = {
    x: a.x + (squareB * (c.y - a.y) - squareC * (b.y - a.y)) / (2 * cross),
    y: a.y + (squareC * (b.x - a.x) - squareB * (c.x - a.x)) / (2 * cross),
  }
  const radius = distance(center, a)
  if (seats.some((seat) => Math.abs(distance(center, seat) - radius) > off)) return undefined
  // More than half a circle is a table's, not a row's.
  const toMiddle = { x: straight.middle.x - center.x, y: straight.middle.y - center.y }
  const length = Math.hypot(toMiddle.x, toMiddle.y)
  const [dx, dy] = [Math.cos(radians(straight.angle)), Math.sin(radians(straight.angle))]
  if (length < radius * 0.05 || (b.x - center.x) * toMiddle.x + (b.y - center.y) * toMiddle.y < 0)
    return undefined
  const middle = {
    x: center.x + (toMiddle.x / length) * radius,
    y: center.y + (toMiddle.y / length) * radius,
  }
  const side = (center.x - middle.x) * dy - (center.y - middle.y) * dx
  return { ...straight, middle, bend: Math.sign(side) / radius }
}

/** Points for a row of `count`; `from` is how far along the first one stands, if not centred. */
export function pointsOn(curve: Curve, count: number, from?: number): Point[] {
  const along = stations(count, curve)
  const shift = from === undefined ? 0 : from - (along[0] ?? 0)
  return along.map((at) => {
    const { x, y } = pointOn(curve, at + shift)
    return { x: round(x), y: round(y) }
  })
}

/** The row laid along another curve, its seats otherwise as they are. */
export function layRow(row: Row, curve: Curve): Row {
  const points = pointsOn(curve, row.seats.length)
  return { ...row, seats: row.seats.map((seat, at) => ({ ...seat, ...points[at]! })) }
}

/** Chairs around a round table, the first on top, clockwise. */
export function roundTable(middle: Point, radius: number, chairs: number): Point[] {
  return Array.from({ length: chairs }, (_, at) => {
    const angle = (at / chairs) * 2 * Math.PI - Math.PI / 2
    return { x: round(middle.x + Math.cos(angle) * radius), y: round(middle.y + Math.sin(angle) * radius) }
  })
}

/** Chairs along both long sides of a table, and at its ends for each two that are left over. */
export function longTable(
  middle: Point,
  width: number,
  height: number,
  chairs: number,
  gap: number,
): Point[] {
  const ends = chairs > 6 ? 2 : 0
  const top = Math.ceil((chairs - ends) / 2)
  const bottom = chairs - ends - top
  const side = (count: number, y: number) =>
    Array.from({ length: count }, (_, at) => ({
      x: round(middle.x - width / 2 + (width * (at + 0.5)) / count),
      y: round(middle.y + y),
    }))
  const end = (x: number) => (ends > 0 ? [{ x: round(middle.x + x), y: round(middle.y) }] : [])
  return [
    ...side(top, -height / 2 - gap),
    ...end(width / 2 + gap),
    ...side(bottom, height / 2 + gap).reverse(),
    ...end(-width / 2 - gap),
  ]
}

/** Turns by `angle` degrees clockwise, after mirroring left and right if asked, around a point; then moves. */
export interface Move {
  readonly dx?: number
  readonly dy?: number
  readonly angle?: number
  readonly mirror?: boolean
  readonly around?: Point
}

export function movePoint(
  { x, y }: Point,
  { dx = 0, dy = 0, angle = 0, mirror = false, around }: Move,
): Point {
  if (!around || (angle === 0 && !mirror)) return { x: round(x + dx), y: round(y + dy) }
  const [sin, cos] = [Math.sin(radians(angle)), Math.cos(radians(angle))]
  const [px, py] = [(x - around.x) * (mirror ? -1 : 1), y - around.y]
  return { x: round(around.x + px * cos - py * sin + dx), y: round(around.y + px * sin + py * cos + dy) }
}

export function moveSeat(seat: Seat, move: Move): Seat {
  return { ...seat, ...movePoint(seat, move) }
}

export function moveShape(shape: Shape, move: Move): Shape {
  const turned = (rotation = 0) => {
    const sum = ((move.mirror ? -rotation : rotation) + (move.angle ?? 0)) % 360
    return sum === 0 ? {} : { rotation: round(sum) }
  }
  switch (shape.type) {
    case 'polygon':
      return { ...shape, points: shape.points.map((point) => movePoint(point, move)) }
    case 'label':
      return { ...shape, ...movePoint(shape, move) }
    case 'ellipse': {
      const { rotation, ...rest } = shape
      return { ...rest, ...movePoint(shape, move), ...turned(rotation) }
    }
    case 'rectangle': {
      const { rotation, ...rest } = shape
      const middle = movePoint(cornerOf(shape, shape.width / 2, shape.height / 2), move)
      const now = { ...rest, ...turned(rotation), x: 0, y: 0 }
      const half = cornerOf(now, shape.width / 2, shape.height / 2)
      return { ...now, x: round(middle.x - half.x), y: round(middle.y - half.y) }
    }
  }
}

function cornerOf(shape: { x: number; y: number; rotation?: number }, dx: number, dy: number): Point {
  const angle = radians(shape.rotation ?? 0)
  const [sin, cos] = [Math.sin(angle), Math.cos(angle)]
  return { x: shape.x + dx * cos - dy * sin, y: shape.y + dx * sin + dy * cos }
}
