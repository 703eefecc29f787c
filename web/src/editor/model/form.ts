import { resizeRow } from './draw'
import { patchSection } from './edit'
import { find } from './find'
import { AISLE, type Curve, curveOf, layRow, pointsOn, stations } from './geometry'
import type { Doc, Point, Row, Section, Uid } from './types'
import { round } from './types'

/** What the rows of a section have in common, to be changed for all of them. */
export interface Form {
  readonly spacing: number
  readonly rowSpacing: number
  /** 0 for straight rows; negative where the middle of the circle is behind the section. */
  readonly radius: number
  readonly staggered: boolean
}

interface Line {
  row: Row
  curve: Curve
}

function lines(section: Section): Line[] | undefined {
  const found = section.rows
    .filter(({ seats }) => seats.length > 0)
    .map((row) => ({ row, curve: curveOf(row.seats) }))
  return found.every((line): line is Line => line.curve !== undefined) && found.length > 0 ? found : undefined
}

/** How far a row lies behind the first, straight away from it, and how far to the side. */
function offset(first: Curve, curve: Curve): { depth: number; side: number } {
  const angle = (first.angle * Math.PI) / 180
  const [dx, dy] = [Math.cos(angle), Math.sin(angle)]
  const [x, y] = [curve.middle.x - first.middle.x, curve.middle.y - first.middle.y]
  return { depth: -x * dy + y * dx, side: x * dx + y * dy }
}

/** Nothing for a section whose rows stand freely, as tables do. */
export function formOf(section: Section): Form | undefined {
  const all = lines(section)
  const first = all?.[0]
  if (!all || !first) return undefined
  const [one, two] = [all[0], all[1]]
  const between = one && two ? offset(one.curve, two.curve) : { depth: 0, side: 0 }
  const third = all[2] && offset(first.curve, all[2].curve)
  const isStaggered =
    Math.abs(Math.abs(between.side) - first.curve.spacing / 2) < first.curve.spacing * 0.1 &&
    (!third || Math.abs(third.side) < first.curve.spacing * 0.1)
  return {
    spacing: round(first.curve.spacing),
    rowSpacing: round(Math.abs(between.depth)),
    radius: Math.abs(first.curve.bend) < 1e-9 ? 0 : Math.round(1 / first.curve.bend),
    staggered: all.length > 1 && isStaggered,
  }
}

/** 1 where a curve with a positive bend goes around this point, as a stage's; -1 where it turns its back. */
export function facing(row: Row | undefined, focus: Point | undefined): 1 | -1 {
  const curve = row && curveOf(row.seats)
  if (!curve || !focus) return 1
  const angle = (curve.angle * Math.PI) / 180
  const ahead = (focus.x - curve.middle.x) * Math.sin(angle) - (focus.y - curve.middle.y) * Math.cos(angle)
  return ahead < 0 ? -1 : 1
}

/** Lays all rows of a section anew; the middle of the first one stays. */
export function reform(section: Section, change: Partial<Form>): Section {
  const all = lines(section)
  const now = formOf(section)
  if (!all || !now) return section
  const form = { ...now, ...change }
  const first = all[0]!.curve
  const angle = (first.angle * Math.PI) / 180
  const [dx, dy] = [Math.cos(angle), Math.sin(angle)]
  const laid = new Map<Uid, Row>()
  all.forEach(({ row, curve }, at) => {
    const where = offset(first, curve)
    const sign = where.depth < 0 ? -1 : 1
    const depth = change.rowSpacing === undefined ? where.depth : sign * form.rowSpacing * at
    // A row beside the others keeps its distance to the side; half a seat of it is the staggering's.
    const usual =
      now.staggered && at % 2 === 1 ? where.side - (Math.sign(where.side) * now.spacing) / 2 : where.side
    const side = usual + (form.staggered && at % 2 === 1 ? form.spacing / 2 : 0)
    const middle = {
      x: first.middle.x + dx * side - dy * depth,
      y: first.middle.y + dy * side + dx * depth,
    }
    const bend =
      change.radius === undefined && change.rowSpacing === undefined
        ? curve.bend
        : form.radius === 0
          ? 0
          : 1 / (form.radius + depth || 1)
    const straightened = change.radius === undefined ? curve.angle : first.angle
    const spacing = change.spacing ?? curve.spacing
    laid.set(row.uid, layRow(row, { ...curve, middle, bend, angle: straightened, spacing }))
  })
  return { ...section, rows: section.rows.map((row) => laid.get(row.uid) ?? row) }
}

/** Lays one row along its curve with something of it changed. */
export function reformRow(row: Row, change: Partial<Curve>): Row {
  const curve = curveOf(row.seats)
  return curve ? layRow(row, { ...curve, ...change }) : row
}

export function resize(doc: Doc, uid: Uid, count: number): Doc {
  const found = find(doc, uid)
  if (found?.kind !== 'row') return doc
  const curve = curveOf(found.row.seats)
  if (!curve && count > found.row.seats.length) return doc
  const { next, ...row } = resizeRow(doc, found.row, curve ?? ({} as Curve), count)
  const changed = patchSection(doc, found.section.uid, (section) => ({
    ...section,
    rows: section.rows.map((one) => (one.uid === uid ? row : one)),
  }))
  return { ...changed, next }
}

/** Makes room for an aisle after a seat, or closes it; the first seat of the row stays. */
export function toggleAisle(row: Row, after: number): Row {
  const curve = curveOf(row.seats)
  if (!curve || after < 0 || after >= row.seats.length - 1) return row
  const from = stations(row.seats.length, curve)[0] ?? 0
  const has = curve.aisles.includes(after)
  const aisles = has
    ? curve.aisles.filter((at) => at !== after)
    : [...curve.aisles, after].sort((a, b) => a - b)
  const aisleWidth = Math.max(curve.aisleWidth, AISLE * 1.2)
  const points = pointsOn({ ...curve, aisles, aisleWidth }, row.seats.length, from)
  return { ...row, seats: row.seats.map((seat, at) => ({ ...seat, ...points[at]! })) }
}
