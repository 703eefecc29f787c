import type { Box } from './plan'
import type { PointWire, ShapeWire } from './wire'

/** Corners of a shape, around; none for a label. Ellipses are drawn as such and only tested by corners. */
export function cornersOf(shape: ShapeWire): PointWire[] {
  switch (shape.type) {
    case 'polygon':
      return shape.points
    case 'rectangle': {
      const { x, y, width, height, rotation = 0 } = shape
      const [sin, cos] = sinCos(rotation)
      const corner = (dx: number, dy: number) => ({ x: x + dx * cos - dy * sin, y: y + dx * sin + dy * cos })
      return [corner(0, 0), corner(width, 0), corner(width, height), corner(0, height)]
    }
    case 'ellipse': {
      const [sin, cos] = sinCos(shape.rotation ?? 0)
      return Array.from({ length: 32 }, (_, at) => {
        const angle = (at / 32) * 2 * Math.PI
        const [dx, dy] = [Math.cos(angle) * shape.rx, Math.sin(angle) * shape.ry]
        return { x: shape.x + dx * cos - dy * sin, y: shape.y + dx * sin + dy * cos }
      })
    }
    case 'label':
      return []
  }
}

export function boxOfShape(shape: ShapeWire): Box {
  const corners = shape.type === 'label' ? [{ x: shape.x, y: shape.y }] : cornersOf(shape)
  return boxOf(corners)
}

export function boxOf(corners: readonly PointWire[]): Box {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity]
  for (const { x, y } of corners) {
    left = Math.min(left, x)
    top = Math.min(top, y)
    right = Math.max(right, x)
    bottom = Math.max(bottom, y)
  }
  return [left, top, right, bottom]
}

export function middleOf(box: Box): PointWire {
  return { x: (box[0] + box[2]) / 2, y: (box[1] + box[3]) / 2 }
}

export function meets(one: Box, other: Box): boolean {
  return one[0] <= other[2] && one[2] >= other[0] && one[1] <= other[3] && one[3] >= other[1]
}

/** Whether a point lies in a polygon given as x, y, x, y. */
export function isInside(outline: ArrayLike<number>, x: number, y: number): boolean {
  let inside = false
  for (let at = 0, before = outline.length - 2; at < outline.length; before = at, at += 2) {
    const [x1, y1, x2, y2] = [outline[at]!, outline[at + 1]!, outline[before]!, outline[before + 1]!]
    if (y1 > y !== y2 > y && x < ((x2 - x1) * (y - y1)) / (y2 - y1) + x1) inside = !inside
  }
  return inside
}

/** How far a point is from the nearest edge of a polygon. */
export function edgeDistance(outline: ArrayLike<number>, x: number, y: number): number {
  let nearest = Infinity
  for (let at = 0, before = outline.length - 2; at < outline.length; before = at, at += 2) {
    const [x1, y1] = [outline[before]!, outline[before + 1]!]
    const [dx, dy] = [outline[at]! - x1, outline[at + 1]! - y1]
    const along = ((x - x1) * dx + (y - y1) * dy) / (dx * dx + dy * dy || 1)
    const t = Math.min(1, Math.max(0, along))
    nearest = Math.min(nearest, Math.hypot(x - x1 - t * dx, y - y1 - t * dy))
  }
  return nearest
}

function sinCos(degrees: number): [number, number] {
  const angle = (degrees * Math.PI) / 180
  return [Math.sin(angle), Math.cos(angle)]
}
