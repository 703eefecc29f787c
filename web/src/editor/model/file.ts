import type { SeatMapWire } from './types'

/** A file that somebody opened: a map of ours, or a seating plan that the server converts. */
export type ReadFile = { kind: 'map'; map: SeatMapWire } | { kind: 'plan'; plan: unknown; zones: number }

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value)

/** Nothing for a file that is neither. What only the server can judge is left to it. */
export function readFile(text: string): ReadFile | undefined {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    return undefined
  }
  if (!isRecord(json)) return undefined
  if (Array.isArray(json.zones)) return { kind: 'plan', plan: json, zones: json.zones.length }
  return isMap(json) ? { kind: 'map', map: json as SeatMapWire } : undefined
}

function isMap(json: Record<string, unknown>): boolean {
  const { width, height, levels, sections = [], areas = [], decorations = [] } = json
  const isSeat = (seat: unknown) =>
    isRecord(seat) &&
    typeof seat.label === 'string' &&
    isNumber(seat.x) &&
    isNumber(seat.y) &&
    typeof seat.level === 'string'
  const isRow = (row: unknown) =>
    isRecord(row) && typeof row.label === 'string' && Array.isArray(row.seats) && row.seats.every(isSeat)
  const isSection = (section: unknown) =>
    isRecord(section) &&
    typeof section.id === 'string' &&
    typeof section.name === 'string' &&
    Array.isArray(section.rows) &&
    section.rows.every(isRow)
  const isArea = (area: unknown) =>
    isRecord(area) &&
    typeof area.id === 'string' &&
    typeof area.name === 'string' &&
    isNumber(area.capacity) &&
    typeof area.level === 'string' &&
    (area.shape === undefined || area.shape === null || isShape(area.shape))
  const isLevel = (level: unknown) =>
    isRecord(level) && typeof level.key === 'string' && typeof level.name === 'string'
  return (
    isNumber(width) &&
    isNumber(height) &&
    Array.isArray(levels) &&
    levels.length > 0 &&
    levels.every(isLevel) &&
    Array.isArray(sections) &&
    sections.every(isSection) &&
    Array.isArray(areas) &&
    areas.every(isArea) &&
    Array.isArray(decorations) &&
    decorations.every((drawn) => isRecord(drawn) && isShape(drawn.shape))
  )
}

function isShape(shape: unknown): boolean {
  if (!isRecord(shape)) return false
  const has = (...fields: string[]) => fields.every((field) => isNumber(shape[field]))
  switch (shape.type) {
    case 'polygon':
      return (
        Array.isArray(shape.points) &&
        shape.points.every((point) => isRecord(point) && isNumber(point.x) && isNumber(point.y))
      )
    case 'rectangle':
      return has('x', 'y', 'width', 'height')
    case 'ellipse':
      return has('x', 'y', 'rx', 'ry')
    case 'label':
      return has('x', 'y')
    default:
      return false
  }
}
