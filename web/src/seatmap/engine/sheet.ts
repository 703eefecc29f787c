import { NAMES_UNTIL, ROWS_FROM, SEATS_FULL, seatShare } from './detail'
import { drawGround } from './ground'
import { Ink, type Place, type Region } from './ink'
import { pixelOf } from './look'
import { type Box, type PlanSection, sectionOf } from './plan'
import { drawSigns, type Signs, writeSection } from './signs'

/** Side of the squares that are painted and repainted, in device pixels. */
const CELL = 256
/** Cells beyond the view on each side, so that a small move needs no painting. */
const AROUND = 1

/**
 * A picture of the map that is somewhat larger than the view, kept from frame to frame. It knows which of
 * its cells are out of date; moving it along keeps the others.
 */
export class Sheet {
  readonly #canvas = document.createElement('canvas')
  #context = this.#canvas.getContext('2d', { alpha: false })
  readonly #ink = new Ink()
  #columns = 0
  #rows = 0
  #dirty = new Uint8Array(0)
  #place: Place = { left: 0, top: 0, scale: 0 }
  #ratio = 1

  get scale(): number {
    return this.#place.scale
  }

  dress(signs: Signs): void {
    this.#ink.dress(signs.look, signs.scene.plan.levels.length)
    this.spoil()
  }

  /** `width` and `height` of the view in device pixels. */
  resize(width: number, height: number, ratio: number): void {
    this.#columns = Math.ceil(width / CELL) + 2 * AROUND
    this.#rows = Math.ceil(height / CELL) + 2 * AROUND
    this.#canvas.width = this.#columns * CELL
    this.#canvas.height = this.#rows * CELL
    this.#context = this.#canvas.getContext('2d', { alpha: false })
    this.#ink.resize(this.#canvas.width, this.#canvas.height)
    this.#dirty = new Uint8Array(this.#columns * this.#rows).fill(1)
    this.#ratio = ratio
  }

  /** Nothing on it is right any more. */
  spoil(): void {
    this.#dirty.fill(1)
  }

  /** What is drawn in a part of the map has changed. */
  spoilBox([left, top, right, bottom]: Box): void {
    const { scale } = this.#place
    const from = (at: number, origin: number) => Math.floor(((at - origin) * scale - 1) / CELL)
    const to = (at: number, origin: number) => Math.floor(((at - origin) * scale + 1) / CELL)
    const firstRow = Math.max(0, from(top, this.#place.top))
    const lastRow = Math.min(this.#rows - 1, to(bottom, this.#place.top))
    const firstColumn = Math.max(0, from(left, this.#place.left))
    const lastColumn = Math.min(this.#columns - 1, to(right, this.#place.left))
    for (let row = firstRow; row <= lastRow; row++) {
      for (let column = firstColumn; column <= lastColumn; column++)
        this.#dirty[row * this.#columns + column] = 1
    }
  }

  /** Seats have another state: repaints each by itself where nothing else is drawn on its pixels. */
  change(signs: Signs, seats: readonly number[]): void {
    const { plan } = signs.scene
    const pitch = (plan.pitch * this.#place.scale) / this.#ratio
    const isPlain = !signs.heat && pitch >= SEATS_FULL && pitch < ROWS_FROM
    const paper = pixelOf(signs.look.plate)
    const named = new Set<number>()
    for (const seat of seats) {
      const at = sectionOf(plan, seat)
      const section = plan.sections[at]!
      if (pitch < NAMES_UNTIL && this.#isUnderName(section, plan.x[seat]!, plan.y[seat]!)) named.add(at)
      if (isPlain && section.tables.length === 0 && this.#context) {
        this.#ink.patch(signs.scene, this.#place, seat, signs.index, paper, this.#context)
      } else {
        const [x, y, half] = [plan.x[seat]!, plan.y[seat]!, plan.size[seat]! * 0.6]
        this.spoilBox([x - half, y - half, x + half, y + half])
      }
    }
    if (!isPlain || !this.#context) return
    // Names hide what is below: they are written again over seats that were repainted there.
    for (const section of named) writeSection(this.#context, signs, section, this.#place, this.#ratio)
  }

  /** Whether the name that stands on a section's middle may reach a point of the map. */
  #isUnderName({ id, middle }: PlanSection, x: number, y: number): boolean {
    const pixel = this.#ratio / this.#place.scale
    return Math.abs(x - middle.x) < (id.length * 6 + 16) * pixel && Math.abs(y - middle.y) < 20 * pixel
  }

  /** Lays the sheet so that it covers `view`, at `scale` device pixels a map unit. */
  cover(view: Box, scale: number): void {
    const { left, top } = this.#place
    if (scale !== this.#place.scale) {
      this.#place = this.#around(view, scale)
      this.spoil()
      return
    }
    const [width, height] = [this.#canvas.width / scale, this.#canvas.height / scale]
    if (view[0] >= left && view[1] >= top && view[2] <= left + width && view[3] <= top + height) return
    const wanted = this.#around(view, scale)
    const columns = Math.round(((wanted.left - left) * scale) / CELL)
    const rows = Math.round(((wanted.top - top) * scale) / CELL)
    this.#shift(columns, rows)
    this.#place = { left: left + (columns * CELL) / scale, top: top + (rows * CELL) / scale, scale }
  }

  /** Paints what is out of date within `view`. */
  paint(signs: Signs, view: Box): void {
    const cells = this.#cellsOf(view)
    let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity]
    let count = 0
    for (let row = cells[1]; row <= cells[3]; row++) {
      for (let column = cells[0]; column <= cells[2]; column++) {
        if (!this.#dirty[row * this.#columns + column]) continue
        count++
        left = Math.min(left, column)
        right = Math.max(right, column)
        top = Math.min(top, row)
        bottom = Math.max(bottom, row)
      }
    }
    if (count === 0) return
    const area = (right - left + 1) * (bottom - top + 1)
    if (count * 2 > area) {
      this.#paintRegion(signs, [left * CELL, top * CELL, (right + 1) * CELL, (bottom + 1) * CELL])
      for (let row = top; row <= bottom; row++)
        this.#dirty.fill(0, row * this.#columns + left, row * this.#columns + right + 1)
      return
    }
    for (let row = top; row <= bottom; row++) {
      for (let column = left; column <= right; column++)
        if (this.#dirty[row * this.#columns + column]) this.#paintCell(signs, column, row)
    }
  }

  /** Paints one cell beyond the view, if any needs it. */
  paintAhead(signs: Signs): boolean {
    const at = this.#dirty.indexOf(1)
    if (at < 0) return false
    this.#paintCell(signs, at % this.#columns, Math.floor(at / this.#columns))
    return true
  }

  /** Puts the sheet on a canvas that shows the map from `left`, `top` on at `scale`. */
  show(onto: CanvasRenderingContext2D, left: number, top: number, scale: number): void {
    const factor = scale / this.#place.scale
    const [x, y] = [(this.#place.left - left) * scale, (this.#place.top - top) * scale]
    if (factor === 1) onto.drawImage(this.#canvas, Math.round(x), Math.round(y))
    else onto.drawImage(this.#canvas, x, y, this.#canvas.width * factor, this.#canvas.height * factor)
  }

  #around(view: Box, scale: number): Place {
    const [width, height] = [this.#canvas.width / scale, this.#canvas.height / scale]
    return { left: (view[0] + view[2] - width) / 2, top: (view[1] + view[3] - height) / 2, scale }
  }

  #shift(columns: number, rows: number): void {
    if (Math.abs(columns) >= this.#columns || Math.abs(rows) >= this.#rows) {
      this.spoil()
      return
    }
    this.#context?.drawImage(this.#canvas, -columns * CELL, -rows * CELL)
    const before = this.#dirty.slice()
    for (let row = 0; row < this.#rows; row++) {
      for (let column = 0; column < this.#columns; column++) {
        const [fromRow, fromColumn] = [row + rows, column + columns]
        const isKept = fromRow >= 0 && fromRow < this.#rows && fromColumn >= 0 && fromColumn < this.#columns
        this.#dirty[row * this.#columns + column] = isKept ? before[fromRow * this.#columns + fromColumn]! : 1
      }
    }
  }

  #cellsOf(view: Box): [number, number, number, number] {
    const { left, top, scale } = this.#place
    const cell = (at: number, origin: number, most: number) =>
      Math.min(most - 1, Math.max(0, Math.floor(((at - origin) * scale) / CELL)))
    return [
      cell(view[0], left, this.#columns),
      cell(view[1], top, this.#rows),
      cell(view[2], left, this.#columns),
      cell(view[3], top, this.#rows),
    ]
  }

  #paintCell(signs: Signs, column: number, row: number): void {
    this.#paintRegion(signs, [column * CELL, row * CELL, (column + 1) * CELL, (row + 1) * CELL])
    this.#dirty[row * this.#columns + column] = 0
  }

  #paintRegion(signs: Signs, region: Region): void {
    const context = this.#context
    if (!context) return
    const { left, top, scale } = this.#place
    const [x, y] = [region[0], region[1]]
    const [width, height] = [region[2] - x, region[3] - y]
    const box: Box = [left + x / scale, top + y / scale, left + region[2] / scale, top + region[3] / scale]
    context.save()
    context.beginPath()
    context.rect(x, y, width, height)
    context.clip()
    context.fillStyle = signs.look.paper
    context.fillRect(x, y, width, height)
    context.save()
    context.setTransform(scale, 0, 0, scale, -left * scale, -top * scale)
    drawGround(context, signs, box, this.#ratio / scale)
    context.restore()
    const share = signs.heat ? 0 : seatShare((signs.scene.plan.pitch * scale) / this.#ratio)
    if (share > 0) {
      this.#ink.write(signs.scene, this.#place, region)
      context.globalAlpha = share
      context.drawImage(this.#ink.canvas, x, y, width, height, x, y, width, height)
      context.globalAlpha = 1
    }
    // Text that begins in the cell beside this one reaches into it.
    const reach = signs.scene.plan.pitch * 1.5
    drawSigns(
      context,
      signs,
      [box[0] - reach, box[1] - reach, box[2] + reach, box[3] + reach],
      this.#place,
      this.#ratio,
    )
    context.restore()
  }
}
