import { type Added, idAfter, takenIds } from './edit'
import { type Curve, longTable, pointOn, pointsOn, roundTable, stations } from './geometry'
import { nextRowLabel, type RowNumbering, rowLabels, type SeatNumbering, seatLabels } from './numbering'
import type { Area, Decoration, Doc, Point, Row, Seat, Section, Shape, Uid } from './types'
import { round } from './types'

export interface SectionPlan {
  readonly name: string
  /** The middle of the first row. */
  readonly at: Point
  readonly rows: number
  readonly seats: number
  readonly spacing: number
  readonly rowSpacing: number
  /** Of the first row's circle, whose middle is in front of it; 0 for straight rows. */
  readonly radius: number
  /** Every second row stands half a seat to the side, for a view between two heads. */
  readonly staggered: boolean
  /** Rows further back have as many more seats as fit between the same two rays. */
  readonly fanned: boolean
  /** Seats after which an aisle goes through all rows, counted from 1. */
  readonly aisles: readonly number[]
  readonly level: string
  readonly rowNumbers: RowNumbering
  readonly seatNumbers: SeatNumbering
}

export const ROW_NUMBERS: RowNumbering = { scheme: 'letters', start: 'A', skip: [], fromBack: false }
export const SEAT_NUMBERS: SeatNumbering = { start: 1, step: 1, from: 'left', skip: [] }

/** A section facing the top of the map, its first row in front. */
export function addSection(doc: Doc, plan: SectionPlan): Added {
  let next = doc.next + 1
  const labels = rowLabels(plan.rows, plan.rowNumbers)
  const rows = Array.from({ length: plan.rows }, (_, r): Row => {
    const radius = plan.radius > 0 ? plan.radius + r * plan.rowSpacing : 0
    const count = plan.fanned && radius > 0 ? Math.round((plan.seats * radius) / plan.radius) : plan.seats
    const curve: Curve = {
      middle: { x: plan.at.x, y: plan.at.y + r * plan.rowSpacing },
      angle: 0,
      spacing: plan.spacing,
      bend: radius > 0 ? 1 / radius : 0,
      aisles: plan.aisles.map((after) => after - 1).filter((after) => after < count - 1),
      aisleWidth: 2,
    }
    const side = plan.staggered && r % 2 === 1 ? plan.spacing / 2 : 0
    const first = (stations(count, curve)[0] ?? 0) + side
    const numbers = seatLabels(count, plan.seatNumbers)
    const uid = next++
    const seats = pointsOn(curve, count, first).map(
      (point, at): Seat => ({
        uid: next++,
        label: numbers[at]!,
        ...point,
        level: plan.level,
      }),
    )
    return { uid, label: labels[r]!, seats }
  })
  const id = nextSectionId(doc)
  const section: Section = { uid: doc.next, id, name: plan.name || id, rows }
  return { doc: { ...doc, sections: [...doc.sections, section], next }, select: new Set([doc.next]) }
}

function nextSectionId(doc: Doc): string {
  const taken = takenIds(doc)
  const last = doc.sections.at(-1)?.id ?? '100'
  return idAfter(last, taken)
}

/** One more row behind the last, as the last one is; the first in a section without rows. */
export function addRow(doc: Doc, section: Section, rowSpacing: number, level: string): Added {
  const [last, before] = [section.rows.at(-1), section.rows.at(-2)]
  const step = last && before ? stepBetween(before, last) : { x: 0, y: rowSpacing }
  const label = nextRowLabel(section.rows.map((row) => row.label))
  let next = doc.next + 1
  const models: readonly Omit<Seat, 'uid'>[] = last?.seats.length
    ? last.seats
    : [{ label: '1', x: doc.width / 2, y: doc.height / 2, level }]
  const seats = models.map(
    ({ label, x, y, level }): Seat => ({
      uid: next++,
      label,
      x: round(x + (last ? step.x : 0)),
      y: round(y + (last ? step.y : 0)),
      level,
    }),
  )
  const row: Row = { uid: doc.next, label, seats }
  const sections = doc.sections.map((one) => (one === section ? { ...one, rows: [...one.rows, row] } : one))
  return { doc: { ...doc, sections, next }, select: new Set([row.uid]) }
}

function stepBetween(before: Row, last: Row): Point {
  const middle = ({ seats }: Row) => {
    const [first, end] = [seats[0], seats.at(-1)]
    return first && end ? { x: (first.x + end.x) / 2, y: (first.y + end.y) / 2 } : { x: 0, y: 0 }
  }
  const [one, other] = [middle(before), middle(last)]
  return { x: other.x - one.x, y: other.y - one.y }
}

interface AreaPlan {
  readonly name: string
  readonly capacity: number
  readonly level: string
  readonly shape: Shape
}

export function addArea(doc: Doc, plan: AreaPlan): Added {
  const id = idAfter(doc.areas.at(-1)?.id ?? 'area0', takenIds(doc))
  const area: Area = {
    uid: doc.next,
    id,
    name: plan.name || id,
    capacity: plan.capacity,
    level: plan.level,
    shape: plan.shape,
  }
  return { doc: { ...doc, areas: [...doc.areas, area], next: doc.next + 1 }, select: new Set([area.uid]) }
}

interface TablePlan {
  readonly at: Point
  readonly form: 'round' | 'long'
  readonly chairs: number
  readonly spacing: number
  readonly level: string
  /** The section that it becomes a row of; a new one of this name if there is none. */
  readonly section: Uid | undefined
  readonly sectionName: string
}

/** A table and its chairs: a row around a decoration. */
export function addTable(doc: Doc, plan: TablePlan): Added {
  const { at, spacing, chairs } = plan
  const radius = Math.max(spacing * 0.9, (chairs * spacing) / (2 * Math.PI) + spacing * 0.1)
  const [width, height] = [
    Math.max(spacing * 1.4, Math.ceil((chairs - (chairs > 6 ? 2 : 0)) / 2) * spacing),
    spacing * 1.5,
  ]
  const points =
    plan.form === 'round'
      ? roundTable(at, radius, chairs)
      : longTable(at, width, height, chairs, spacing * 0.55)
  const top: Shape =
    plan.form === 'round'
      ? {
          type: 'ellipse',
          x: round(at.x),
          y: round(at.y),
          rx: round(radius - spacing * 0.5),
          ry: round(radius - spacing * 0.5),
        }
      : {
          type: 'rectangle',
          x: round(at.x - width / 2),
          y: round(at.y - height / 2),
          width: round(width),
          height: round(height),
        }
  let next = doc.next
  const home = doc.sections.find((section) => section.uid === plan.section)
  const label = nextTableLabel(home)
  const row: Row = {
    uid: next++,
    label,
    seats: points.map(
      (point, n): Seat => ({ uid: next++, label: String(n + 1), ...point, level: plan.level }),
    ),
  }
  const drawn: Decoration = { uid: next++, shape: top }
  const sections = home
    ? doc.sections.map((one) => (one === home ? { ...one, rows: [...one.rows, row] } : one))
    : [...doc.sections, { uid: next++, id: freeTables(doc), name: plan.sectionName, rows: [row] }]
  return {
    doc: { ...doc, sections, decorations: [...doc.decorations, drawn], next },
    select: new Set([row.uid]),
  }
}

function freeTables(doc: Doc): string {
  const taken = takenIds(doc)
  return taken.has('tables') ? idAfter('tables1', taken) : 'tables'
}

function nextTableLabel(section: Section | undefined): string {
  const taken = new Set(section?.rows.map(({ label }) => label))
  for (let n = 1; ; n++) if (!taken.has(`T${n}`)) return `T${n}`
}

export function addDecoration(doc: Doc, drawn: Omit<Decoration, 'uid'>): Added {
  const decorations = [...doc.decorations, { uid: doc.next, ...drawn }]
  return { doc: { ...doc, decorations, next: doc.next + 1 }, select: new Set([doc.next]) }
}

/** The row with more or fewer seats at its end; those that stay keep their place and number. */
export function resizeRow(doc: Doc, row: Row, curve: Curve, count: number): Row & { next: Uid } {
  let { next } = doc
  if (count <= row.seats.length) return { ...row, seats: row.seats.slice(0, count), next }
  const numbers = row.seats.map(({ label }) => Number(label))
  const [last, before] = [numbers.at(-1) ?? 0, numbers.at(-2)]
  const step = before === undefined || Number.isNaN(last - before) ? 1 : last - before
  const taken = new Set(row.seats.map(({ label }) => label))
  const ends = stations(row.seats.length, curve).at(-1) ?? 0
  const model = row.seats.at(-1)
  const added = Array.from({ length: count - row.seats.length }, (_, n): Seat => {
    let number = (Number.isNaN(last) ? 0 : last) + step * (n + 1)
    if (number < 1 || taken.has(String(number)))
      number = Math.max(0, ...numbers.filter((one) => !Number.isNaN(one))) + n + 1
    while (taken.has(String(number))) number++
    taken.add(String(number))
    const { x, y } = pointOn(curve, ends + curve.spacing * (n + 1))
    return { uid: next++, label: String(number), x: round(x), y: round(y), level: model?.level ?? '' }
  })
  return { ...row, seats: [...row.seats, ...added], next }
}
