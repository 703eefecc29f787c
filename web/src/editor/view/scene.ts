import type { Scene } from '../../seatmap/engine/ink'
import { outlineOf } from '../../seatmap/engine/outline'
import { ACCESSIBLE, COMPANION, type Plan, RESTRICTED } from '../../seatmap/engine/plan'
import type { RowWire } from '../../seatmap/engine/wire'
import { boxOfSection, isTable, pitchOf, pitchOfMap } from '../model/find'
import { distance, median } from '../model/geometry'
import type { Doc, Point, Section } from '../model/types'

/** How a section is drawn. Kept for as long as the section stays the same object. */
interface Plate {
  readonly x: Float32Array
  readonly y: Float32Array
  readonly size: Float32Array
  readonly flags: Uint8Array
  /** Index into `keys`. */
  readonly level: Uint8Array
  readonly keys: readonly string[]
  readonly rowStart: readonly number[]
  readonly rowBox: Float32Array
  readonly outline: Float32Array
  readonly middle: Point
  readonly room: number
}

/** Share of the room between seats that a seat's mark takes. */
const MARK = 0.8

const plates = new WeakMap<Section, Plate>()

export function plateOf(section: Section): Plate {
  let plate = plates.get(section)
  if (!plate) {
    plate = makePlate(section)
    plates.set(section, plate)
  }
  return plate
}

function makePlate(section: Section): Plate {
  const count = section.rows.reduce((sum, row) => sum + row.seats.length, 0)
  const [x, y, size] = [new Float32Array(count), new Float32Array(count), new Float32Array(count)]
  const [flags, level] = [new Uint8Array(count), new Uint8Array(count)]
  const keys: string[] = []
  const rowStart: number[] = []
  const rowBox = new Float32Array(section.rows.length * 4)
  const pitch = pitchOf(section)
  const mark = Math.min(pitch, rowPitch(section) || pitch) * MARK
  let at = 0
  section.rows.forEach((row, r) => {
    rowStart.push(at)
    let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity]
    for (const seat of row.seats) {
      x[at] = seat.x
      y[at] = seat.y
      size[at] = mark
      flags[at] =
        (seat.accessible ? ACCESSIBLE : 0) |
        (seat.companion ? COMPANION : 0) |
        (seat.restrictedView ? RESTRICTED : 0)
      let key = keys.indexOf(seat.level)
      if (key < 0) key = keys.push(seat.level) - 1
      level[at++] = key
      left = Math.min(left, seat.x - mark)
      top = Math.min(top, seat.y - mark)
      right = Math.max(right, seat.x + mark)
      bottom = Math.max(bottom, seat.y + mark)
    }
    rowBox.set([left, top, right, bottom], r * 4)
  })
  const tables = section.rows.some(isTable)
  // The fan's map reads rows and never changes them.
  const { outline, middle, room } = outlineOf(
    section.rows as unknown as RowWire[],
    pitch,
    tables,
    boxOfSection(section),
  )
  return { x, y, size, flags, level, keys, rowStart, rowBox, outline, middle, room }
}

function rowPitch(section: Section): number {
  const gaps: number[] = []
  section.rows.slice(1).forEach((row, at) => {
    const middle = section.rows[at]!.seats[section.rows[at]!.seats.length >> 1]
    if (!middle || row.seats.length === 0) return
    gaps.push(Math.min(...row.seats.map((seat) => distance(seat, middle))))
  })
  return median(gaps.filter((gap) => gap > 0))
}

/** Everything of a document that is drawn as pixels, put together from the sections' parts. */
interface DocScene extends Scene {
  readonly pitch: number
}

const scenes = new WeakMap<readonly Section[], { levels: Doc['levels']; scene: DocScene }>()

export function sceneOf(doc: Doc): DocScene {
  const kept = scenes.get(doc.sections)
  if (kept && kept.levels === doc.levels) return kept.scene
  const parts = doc.sections.map(plateOf)
  const seats = parts.reduce((sum, part) => sum + part.x.length, 0)
  const rows = parts.reduce((sum, part) => sum + part.rowStart.length, 0)
  const [x, y, size] = [new Float32Array(seats), new Float32Array(seats), new Float32Array(seats)]
  const [flags, level] = [new Uint8Array(seats), new Uint8Array(seats)]
  const rowStart = new Uint32Array(rows + 1)
  const rowBox = new Float32Array(rows * 4)
  const places = new Map(doc.levels.map(({ key }, at) => [key, at]))
  let [seat, row] = [0, 0]
  const sections = parts.map((part, at) => {
    x.set(part.x, seat)
    y.set(part.y, seat)
    size.set(part.size, seat)
    flags.set(part.flags, seat)
    const levels = part.keys.map((key) => places.get(key) ?? doc.levels.length)
    part.level.forEach((key, n) => {
      level[seat + n] = levels[key]!
    })
    rowBox.set(part.rowBox, row * 4)
    part.rowStart.forEach((start, n) => {
      rowStart[row + n] = seat + start
    })
    const first = row
    seat += part.x.length
    row += part.rowStart.length
    return { box: boxOfSection(doc.sections[at]!), rowStart: first, rowEnd: row }
  })
  rowStart[rows] = seat
  // A place after the last level is for seats that have none.
  const plan = {
    levels: [...doc.levels, { key: '', name: '' }],
    x,
    y,
    size,
    level,
    flags,
    rowStart,
    rowBox,
    sections,
  }
  const scene = {
    plan: plan as unknown as Plan,
    statuses: new Uint8Array(seats),
    matching: undefined,
    pitch: pitchOfMap(doc),
  }
  scenes.set(doc.sections, { levels: doc.levels, scene })
  return scene
}
