import { distance, median } from './geometry'
import { type Box, cornersOf } from './shape'
import type { Area, Decoration, Doc, Point, Row, Seat, Section, Selection, Uid } from './types'
import { PITCH } from './types'

export type Found =
  | { kind: 'section'; section: Section }
  | { kind: 'row'; section: Section; row: Row }
  | { kind: 'seat'; section: Section; row: Row; seat: Seat }
  | { kind: 'area'; area: Area }
  | { kind: 'decoration'; decoration: Decoration }

type Inside = Map<Uid, { row: Row; seat?: Seat }>

/** Made once for each section as it is: an edit keeps the sections that it leaves alone. */
const insides = new WeakMap<Section, Inside>()

function insideOf(section: Section): Inside {
  let inside = insides.get(section)
  if (!inside) {
    inside = new Map()
    for (const row of section.rows) {
      inside.set(row.uid, { row })
      for (const seat of row.seats) inside.set(seat.uid, { row, seat })
    }
    insides.set(section, inside)
  }
  return inside
}

export function find(doc: Doc, uid: Uid): Found | undefined {
  for (const section of doc.sections) {
    if (section.uid === uid) return { kind: 'section', section }
    const found = insideOf(section).get(uid)
    if (found?.seat) return { kind: 'seat', section, row: found.row, seat: found.seat }
    if (found) return { kind: 'row', section, row: found.row }
  }
  const area = doc.areas.find((one) => one.uid === uid)
  if (area) return { kind: 'area', area }
  const decoration = doc.decorations.find((one) => one.uid === uid)
  return decoration && { kind: 'decoration', decoration }
}

export function findAll(doc: Doc, selection: Selection): Found[] {
  return [...selection].flatMap((uid) => find(doc, uid) ?? [])
}

/** Without what a change has removed. */
export function stillThere(doc: Doc, selection: Selection): Selection {
  const kept = [...selection].filter((uid) => find(doc, uid))
  return kept.length === selection.size ? selection : new Set(kept)
}

/** Every seat in what is chosen. */
export function seatsOf(doc: Doc, selection: Selection): Seat[] {
  if (selection.size === 0) return []
  return doc.sections.flatMap((section) => {
    if (selection.has(section.uid)) return section.rows.flatMap((row) => row.seats)
    return section.rows.flatMap((row) =>
      selection.has(row.uid) ? row.seats : row.seats.filter((seat) => selection.has(seat.uid)),
    )
  })
}

/** A row whose ends are this near to each other, against its length, stands around a table. */
const TABLE = 0.5

export function isTable({ seats }: Row): boolean {
  if (seats.length < 3) return false
  let length = 0
  for (let at = 1; at < seats.length; at++) length += distance(seats[at - 1]!, seats[at]!)
  return distance(seats[0]!, seats.at(-1)!) < length * TABLE
}

function middleOfSeats(seats: readonly Point[]): Point {
  const sum = seats.reduce((all, { x, y }) => ({ x: all.x + x, y: all.y + y }), { x: 0, y: 0 })
  return { x: sum.x / (seats.length || 1), y: sum.y / (seats.length || 1) }
}

/** What is drawn as the table of a row: the decoration in the middle of its chairs. */
export function tableTop(doc: Doc, row: Row): Decoration | undefined {
  if (!isTable(row)) return undefined
  const middle = middleOfSeats(row.seats)
  const reach = Math.min(...row.seats.map((seat) => distance(seat, middle))) / 2
  return doc.decorations.find(({ shape }) => {
    if (shape.type === 'label') return false
    return distance(middleOfSeats(cornersOf(shape)), middle) < reach
  })
}

/** Decorations that go where the rows go. */
export function tableTops(doc: Doc, selection: Selection): Set<Uid> {
  const rows = doc.sections.flatMap((section) =>
    selection.has(section.uid) ? section.rows : section.rows.filter((row) => selection.has(row.uid)),
  )
  return new Set(rows.flatMap((row) => tableTop(doc, row)?.uid ?? []))
}

const pitches = new WeakMap<Section, number>()

/** The usual distance between two seats of a section. */
export function pitchOf(section: Section): number {
  let pitch = pitches.get(section)
  if (pitch === undefined) {
    const gaps = section.rows.flatMap(({ seats }) =>
      seats.length > 1 ? [median(seats.slice(1).map((seat, at) => distance(seats[at]!, seat)))] : [],
    )
    pitch = median(gaps) || PITCH
    pitches.set(section, pitch)
  }
  return pitch
}

/** That of the map: the unit its grid, its nudges and its new seats are measured in. */
export function pitchOfMap(doc: Doc): number {
  return doc.sections.length > 0 ? median(doc.sections.map(pitchOf)) : PITCH
}

export function boxAround(points: Iterable<Point>): Box {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity]
  for (const { x, y } of points) {
    left = Math.min(left, x)
    top = Math.min(top, y)
    right = Math.max(right, x)
    bottom = Math.max(bottom, y)
  }
  return [left, top, right, bottom]
}

const boxes = new WeakMap<Section, Box>()

/** Around the seats of a section, with the room that they take. */
export function boxOfSection(section: Section): Box {
  let box = boxes.get(section)
  if (!box) {
    const half = pitchOf(section) / 2
    const [left, top, right, bottom] = boxAround(section.rows.flatMap((row) => row.seats))
    box = [left - half, top - half, right + half, bottom + half]
    boxes.set(section, box)
  }
  return box
}

export function boxOfAll(parts: readonly Box[]): Box {
  return [
    Math.min(...parts.map((box) => box[0])),
    Math.min(...parts.map((box) => box[1])),
    Math.max(...parts.map((box) => box[2])),
    Math.max(...parts.map((box) => box[3])),
  ]
}

export function boxOfFound(found: Found): Box {
  switch (found.kind) {
    case 'section':
      return boxOfSection(found.section)
    case 'row':
      return boxAround(found.row.seats)
    case 'seat':
      return boxAround([found.seat])
    case 'area':
      return found.area.shape ? boxAround(cornersOf(found.area.shape)) : [NaN, NaN, NaN, NaN]
    case 'decoration': {
      const { shape } = found.decoration
      return shape.type === 'label' ? boxAround([shape]) : boxAround(cornersOf(shape))
    }
  }
}

/** Around all that is chosen; nothing where nothing of it is drawn. */
export function boxOfSelection(doc: Doc, selection: Selection): Box | undefined {
  const parts = findAll(doc, selection)
    .map(boxOfFound)
    .filter((box) => Number.isFinite(box[0]))
  return parts.length > 0 ? boxOfAll(parts) : undefined
}
