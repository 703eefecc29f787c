import { outlineOf } from './outline'
import { ACCESSIBLE, type Box, COMPANION, JOINED, type Plan, type PlanSection, RESTRICTED } from './plan'
import { boxOfShape } from './shapes'
import type { RowWire, SeatMapWire } from './wire'

/** A gap this much wider than the usual one is an aisle: as the server counts neighbours. */
const AISLE = 1.5
/** Share of the room between seats that a seat's mark takes. */
const MARK = 0.8
/** A row whose ends are this near to each other, against its length, stands around a table. */
const TABLE = 0.5

export function parsePlan(wire: SeatMapWire): Plan {
  const sections = wire.sections ?? []
  const areas = wire.areas ?? []
  const decorations = wire.decorations ?? []
  let seatCount = 0
  let rowCount = 0
  for (const section of sections) {
    rowCount += section.rows.length
    for (const row of section.rows) seatCount += row.seats.length
  }
  const x = new Float32Array(seatCount)
  const y = new Float32Array(seatCount)
  const size = new Float32Array(seatCount)
  const level = new Uint8Array(seatCount)
  const flags = new Uint8Array(seatCount)
  const rowOf = new Uint32Array(seatCount)
  const label = new Int32Array(seatCount)
  const rowSection = new Uint16Array(rowCount)
  const rowStart = new Uint32Array(rowCount + 1)
  const rowBox = new Float32Array(rowCount * 4)
  const rowLabel: string[] = []
  const words: string[] = []
  const wordOf = new Map<string, number>()
  const oddIds = new Map<number, string>()
  const levelOf = new Map(wire.levels.map(({ key }, index) => [key, index]))

  let seat = 0
  let row = 0
  const pitches: number[] = []
  const planned = sections.map((section, index): PlanSection => {
    const [rowFirst, seatFirst] = [row, seat]
    const usual = median(section.rows.map((each) => pitchOf(each)).filter((pitch) => pitch > 0))
    const apart = median(rowDistances(section.rows))
    const counts = new Uint32Array(wire.levels.length)
    const tables: number[] = []
    for (const each of section.rows) {
      const gaps = gapsOf(each)
      const pitch = median(gaps)
      const room = Math.min(pitch || usual || apart, (usual || pitch) * 1.4 || pitch)
      const isTable = aroundTable(each, gaps)
      const table = isTable ? tableOf(each) : undefined
      const mark =
        MARK *
        (table
          ? Math.min(room, table[2] * 0.9)
          : apart > 0
            ? Math.min(room || apart, apart)
            : room || wire.width / 20)
      // The table takes what its chairs leave free.
      if (table) tables.push(table[0], table[1], table[2] - mark * 0.62)
      if (mark > 0) pitches.push(mark / MARK)
      rowSection[row] = index
      rowStart[row] = seat
      rowLabel.push(each.label)
      const prefix = `${section.id}-${each.label}-`
      each.seats.forEach((one, at) => {
        x[seat] = one.x
        y[seat] = one.y
        size[seat] = mark
        level[seat] = levelOf.get(one.level) ?? 0
        counts[level[seat]!]!++
        const joined = at < gaps.length && gaps[at]! <= pitch * AISLE
        flags[seat] =
          (one.accessible ? ACCESSIBLE : 0) |
          (one.companion ? COMPANION : 0) |
          (one.restrictedView ? RESTRICTED : 0) |
          (joined ? JOINED : 0)
        rowOf[seat] = row
        label[seat] = plainNumber(one.label) ?? -1 - word(one.label)
        if (one.id && !isMadeOf(one.id, prefix, one.label)) oddIds.set(seat, one.id)
        seat++
      })
      fitRow(row, rowStart[row]!, seat)
      row++
    }
    const box = boxOfRows(rowFirst, row)
    return {
      id: section.id,
      name: section.name,
      rowStart: rowFirst,
      rowEnd: row,
      seatStart: seatFirst,
      seatEnd: seat,
      level: counts.indexOf(Math.max(...counts)),
      tables: new Float32Array(tables),
      ...outlineOf(section.rows, tables.length > 0 ? usual : apart || usual, tables.length > 0, box),
    }
  })
  rowStart[rowCount] = seatCount

  function word(text: string): number {
    let at = wordOf.get(text)
    if (at === undefined) {
      at = words.push(text) - 1
      wordOf.set(text, at)
    }
    return at
  }

  function fitRow(at: number, from: number, to: number): void {
    let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity]
    for (let one = from; one < to; one++) {
      const half = size[one]!
      left = Math.min(left, x[one]! - half)
      top = Math.min(top, y[one]! - half)
      right = Math.max(right, x[one]! + half)
      bottom = Math.max(bottom, y[one]! + half)
    }
    rowBox.set([left, top, right, bottom], at * 4)
  }

  function boxOfRows(from: number, to: number): Box {
    let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity]
    for (let one = from; one < to; one++) {
      left = Math.min(left, rowBox[one * 4]!)
      top = Math.min(top, rowBox[one * 4 + 1]!)
      right = Math.max(right, rowBox[one * 4 + 2]!)
      bottom = Math.max(bottom, rowBox[one * 4 + 3]!)
    }
    return [left, top, right, bottom]
  }

  const pitch = median(pitches) || Math.min(wire.width, wire.height) / 40
  const boxes = [
    ...planned.map((section) => section.box),
    ...areas.flatMap((area) => (area.shape ? [boxOfShape(area.shape)] : [])),
    ...decorations.map((decoration) => boxOfShape(decoration.shape)),
  ].filter((box) => Number.isFinite(box[0]))
  const margin = pitch * 1.5
  return {
    version: wire.version ?? 0,
    width: wire.width,
    height: wire.height,
    focus: wire.focalPoint ?? { x: wire.width / 2, y: 0 },
    levels: wire.levels.map(({ key, name }) => ({ key, name })),
    seatCount,
    x,
    y,
    size,
    level,
    flags,
    rowOf,
    label,
    words,
    oddIds,
    rowCount,
    rowLabel,
    rowSection,
    rowStart,
    rowBox,
    sections: planned,
    areas,
    decorations,
    bounds: boxes.length
      ? [
          Math.min(...boxes.map((box) => box[0])) - margin,
          Math.min(...boxes.map((box) => box[1])) - margin,
          Math.max(...boxes.map((box) => box[2])) + margin,
          Math.max(...boxes.map((box) => box[3])) + margin,
        ]
      : [0, 0, wire.width, wire.height],
    pitch,
  }
}

/** The lower of the two in the middle, as the server counts it. */
function median(numbers: readonly number[]): number {
  if (numbers.length === 0) return 0
  return numbers.toSorted((one, other) => one - other)[(numbers.length - 1) >> 1]!
}

function gapsOf(row: RowWire): number[] {
  const gaps: number[] = []
  for (let at = 1; at < row.seats.length; at++) {
    const [one, other] = [row.seats[at - 1]!, row.seats[at]!]
    gaps.push(Math.hypot(other.x - one.x, other.y - one.y))
  }
  return gaps
}

function pitchOf(row: RowWire): number {
  return median(gapsOf(row))
}

/** From the middle of each row to the nearest seat of the next. */
function rowDistances(rows: readonly RowWire[]): number[] {
  const distances: number[] = []
  for (let at = 1; at < rows.length; at++) {
    const middle = rows[at - 1]!.seats[rows[at - 1]!.seats.length >> 1]
    if (!middle) continue
    let nearest = Infinity
    for (const seat of rows[at]!.seats) {
      nearest = Math.min(nearest, Math.hypot(seat.x - middle.x, seat.y - middle.y))
    }
    if (Number.isFinite(nearest) && nearest > 0) distances.push(nearest)
  }
  return distances
}

function aroundTable(row: RowWire, gaps: readonly number[]): boolean {
  if (row.seats.length < 3) return false
  const length = gaps.reduce((sum, gap) => sum + gap, 0)
  const [first, last] = [row.seats[0]!, row.seats.at(-1)!]
  return Math.hypot(last.x - first.x, last.y - first.y) < length * TABLE
}

/** The middle of the chairs, and how far away the nearest is. */
function tableOf(row: RowWire): [number, number, number] {
  const x = row.seats.reduce((sum, seat) => sum + seat.x, 0) / row.seats.length
  const y = row.seats.reduce((sum, seat) => sum + seat.y, 0) / row.seats.length
  return [x, y, Math.min(...row.seats.map((seat) => Math.hypot(seat.x - x, seat.y - y)))]
}

/** The number that a label is written as, if that is how the number is written. */
function plainNumber(label: string): number | undefined {
  if (label.length === 0 || label.length > 8 || (label.length > 1 && label.charCodeAt(0) === 48))
    return undefined
  let number = 0
  for (let at = 0; at < label.length; at++) {
    const digit = label.charCodeAt(at) - 48
    if (digit < 0 || digit > 9) return undefined
    number = number * 10 + digit
  }
  return number
}

/** Whether an id is these two, without making a string for each of 80,000 seats. */
function isMadeOf(id: string, prefix: string, label: string): boolean {
  return id.length === prefix.length + label.length && id.startsWith(prefix) && id.endsWith(label)
}
