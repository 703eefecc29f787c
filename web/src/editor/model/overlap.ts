import { boxOfSection, pitchOf } from './find'
import { meets } from './shape'
import type { Doc, Row, Seat, Section, Uid } from './types'

/** Seats of a section that stand on others, and the rows that stand on themselves. */
interface Overlap {
  readonly section: Section
  readonly seats: Set<Uid>
  readonly rows: Set<Row>
}

/** Two seats nearer than this share of their section's spacing are on top of each other. */
const NEAR = 0.45
/** More cells than any map has across. */
const STRIDE = 1 << 22

interface Placed {
  readonly seat: Seat
  readonly row: Row
}

/** The seats of a section by where they stand, in squares as wide as their reach. */
interface Grid {
  readonly reach: number
  readonly cells: ReadonlyMap<number, readonly Placed[]>
}

/** Both are kept for as long as the sections stay the same objects. */
const grids = new WeakMap<Section, Grid>()
const pairs = new WeakMap<Section, WeakMap<Section, readonly [Placed, Placed][]>>()

export function overlapsOf(doc: Doc): Overlap[] {
  const found = new Map<Section, Overlap>()
  doc.sections.forEach((section, at) => {
    for (const other of doc.sections.slice(at)) {
      if (other !== section && !meets(boxOfSection(section), boxOfSection(other))) continue
      for (const [one, two] of pairOf(section, other)) {
        const overlap = found.get(section) ?? { section, seats: new Set(), rows: new Set() }
        overlap.seats.add(one.seat.uid).add(two.seat.uid)
        if (one.row === two.row) overlap.rows.add(one.row)
        found.set(section, overlap)
      }
    }
  })
  return [...found.values()]
}

function pairOf(section: Section, other: Section): readonly [Placed, Placed][] {
  let known = pairs.get(section)
  if (!known) {
    known = new WeakMap()
    pairs.set(section, known)
  }
  let found = known.get(other)
  if (!found) {
    found = search(section, other)
    known.set(other, found)
  }
  return found
}

function search(section: Section, other: Section): [Placed, Placed][] {
  const { cells, reach } = gridOf(other)
  const near = Math.min(reach, pitchOf(section) * NEAR)
  const [left, top, right, bottom] = boxOfSection(other)
  const found: [Placed, Placed][] = []
  for (const row of section.rows) {
    for (const seat of row.seats) {
      if (seat.x < left || seat.x > right || seat.y < top || seat.y > bottom) continue
      const [column, line] = [Math.floor(seat.x / reach), Math.floor(seat.y / reach)]
      for (let dx = -1; dx <= 1; dx++) {
        for (let dy = -1; dy <= 1; dy++) {
          for (const placed of cells.get((column + dx) * STRIDE + line + dy) ?? []) {
            // In a section of its own each pair is met twice.
            if (section === other && placed.seat.uid <= seat.uid) continue
            if (Math.hypot(placed.seat.x - seat.x, placed.seat.y - seat.y) < near)
              found.push([{ seat, row }, placed])
          }
        }
      }
    }
  }
  return found
}

function gridOf(section: Section): Grid {
  let grid = grids.get(section)
  if (!grid) {
    const reach = Math.max(1e-3, pitchOf(section) * NEAR)
    const cells = new Map<number, Placed[]>()
    for (const row of section.rows) {
      for (const seat of row.seats) {
        const key = Math.floor(seat.x / reach) * STRIDE + Math.floor(seat.y / reach)
        const cell = cells.get(key)
        if (cell) cell.push({ seat, row })
        else cells.set(key, [{ seat, row }])
      }
    }
    grid = { reach, cells }
    grids.set(section, grid)
  }
  return grid
}
