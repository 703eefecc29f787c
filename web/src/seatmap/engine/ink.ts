import type { SeatIndex } from './hit'
import { type Look, mix, pixelOf } from './look'
import { MARK_OF, maskOf, masksOf, PHASES } from './marks'
import type { Plan } from './plan'

/** A part of the sheet in its pixels: left, top, right, bottom. */
export type Region = readonly [number, number, number, number]

/** Where the sheet lies on the map: its left upper corner there, and its pixels a map unit. */
export interface Place {
  readonly left: number
  readonly top: number
  readonly scale: number
}

/** What decides how seats look besides the plan. */
export interface Scene {
  readonly plan: Plan
  readonly statuses: Uint8Array
  /** Seats that the reader's filter leaves out are 0; without it all are in. */
  readonly matching: Uint8Array | undefined
}

/**
 * Draws seats as pixels. Paths and images of tens of thousands of seats take a tenth of a second on the
 * CPU; writing their few pixels takes some milliseconds.
 */
export class Ink {
  readonly canvas = document.createElement('canvas')
  #context = this.canvas.getContext('2d')
  #image: ImageData | undefined
  #pixels = new Uint32Array(0)
  #colors: Uint32Array = new Uint32Array(0)

  /** Each level's colour, faded ones after them, then those of held, sold and blocked seats. */
  dress(look: Look, levels: number): void {
    const of = (at: number) => look.levels[at % look.levels.length]!
    const colors: number[] = []
    for (let at = 0; at < levels; at++) colors.push(pixelOf(of(at)))
    for (let at = 0; at < levels; at++) colors.push(pixelOf(mix(of(at), look.plate, 0.16)))
    colors.push(0, pixelOf(look.held), pixelOf(look.sold), pixelOf(look.blocked))
    this.#colors = new Uint32Array(colors)
  }

  resize(width: number, height: number): void {
    if (this.canvas.width === width && this.canvas.height === height) return
    this.canvas.width = width
    this.canvas.height = height
    this.#image = new ImageData(width, height)
    this.#pixels = new Uint32Array(this.#image.data.buffer)
    this.#context = this.canvas.getContext('2d')
  }

  /** Writes the seats of `region` anew. */
  write(scene: Scene, place: Place, region: Region): void {
    const { plan } = scene
    const { width } = this.canvas
    const [left, top, right, bottom] = region
    for (let line = top; line < bottom; line++)
      this.#pixels.fill(0, line * width + left, line * width + right)
    const box = [
      place.left + left / place.scale,
      place.top + top / place.scale,
      place.left + right / place.scale,
      place.top + bottom / place.scale,
    ] as const
    for (const section of plan.sections) {
      const [x0, y0, x1, y1] = section.box
      if (x0 > box[2] || x1 < box[0] || y0 > box[3] || y1 < box[1]) continue
      for (let row = section.rowStart; row < section.rowEnd; row++) {
        const at = row * 4
        if (
          plan.rowBox[at]! > box[2] ||
          plan.rowBox[at + 2]! < box[0] ||
          plan.rowBox[at + 1]! > box[3] ||
          plan.rowBox[at + 3]! < box[1]
        )
          continue
        this.#stamp(scene, place, region, plan.rowStart[row]!, plan.rowStart[row + 1]!)
      }
    }
    if (this.#image) {
      this.#context?.putImageData(this.#image, 0, 0, left, top, right - left, bottom - top)
    }
  }

  /**
   * Writes one seat anew and puts its few pixels on `onto`, over `paper`. The seats beside it are written
   * as well where they reach into the same pixels.
   */
  patch(
    scene: Scene,
    place: Place,
    seat: number,
    near: SeatIndex,
    paper: number,
    onto: CanvasRenderingContext2D,
  ): void {
    const { plan } = scene
    const { width, height } = this.canvas
    const { reach } = masksOf(plan.size[seat]! * place.scale)
    const column = Math.floor((plan.x[seat]! - place.left) * place.scale)
    const line = Math.floor((plan.y[seat]! - place.top) * place.scale)
    const left = Math.max(0, column - reach)
    const top = Math.max(0, line - reach)
    const right = Math.min(width, column + reach + 1)
    const bottom = Math.min(height, line + reach + 1)
    if (left >= right || top >= bottom || !this.#image) return
    for (let row = top; row < bottom; row++) this.#pixels.fill(0, row * width + left, row * width + right)
    const around = plan.size[seat]! + 3 / place.scale
    const [x, y] = [plan.x[seat]!, plan.y[seat]!]
    for (const one of near.within(x - around, y - around, x + around, y + around)) {
      this.#stamp(scene, place, [left, top, right, bottom], one, one + 1)
    }
    for (let row = top; row < bottom; row++) {
      for (let at = row * width + left; at < row * width + right; at++)
        this.#pixels[at] = over(this.#pixels[at]!, paper)
    }
    onto.putImageData(this.#image, 0, 0, left, top, right - left, bottom - top)
  }

  /** Writes seats of one row, the first of which decides how large they are. */
  #stamp(
    { plan, statuses, matching }: Scene,
    place: Place,
    region: Region,
    first: number,
    end: number,
  ): void {
    const [left, top, right, bottom] = region
    const { width: pitch } = this.canvas
    const pixels = this.#pixels
    const colors = this.#colors
    const levels = plan.levels.length
    if (first === end) return
    const masks = masksOf(plan.size[first]! * place.scale)
    const { reach } = masks
    for (let seat = first; seat < end; seat++) {
      const x = (plan.x[seat]! - place.left) * place.scale
      const y = (plan.y[seat]! - place.top) * place.scale
      const column = Math.floor(x)
      const line = Math.floor(y)
      const phase = Math.floor((y - line) * PHASES) * PHASES + Math.floor((x - column) * PHASES)
      const status = statuses[seat]!
      const isIn = matching === undefined || matching[seat] === 1
      const level = plan.level[seat]!
      const color = colors[status === 0 ? (isIn ? level : level + levels) : levels * 2 + status]!
      const mask = maskOf(masks, MARK_OF[status | ((plan.flags[seat]! & 7) << 2)]!, phase)
      const { width, alpha } = mask
      const [fromX, fromY] = [column - reach, line - reach]
      const startX = fromX < left ? left - fromX : 0
      const startY = fromY < top ? top - fromY : 0
      const stopX = fromX + width > right ? right - fromX : width
      const stopY = fromY + width > bottom ? bottom - fromY : width
      for (let my = startY; my < stopY; my++) {
        let at = (fromY + my) * pitch + fromX + startX
        let from = my * width + startX
        for (let mx = startX; mx < stopX; mx++, at++, from++) {
          const cover = alpha[from]!
          if (cover > pixels[at]! >>> 24) pixels[at] = color | (cover << 24)
        }
      }
    }
  }
}

/** A pixel laid over one that hides what is below. */
function over(pixel: number, paper: number): number {
  const cover = pixel >>> 24
  const part = (shift: number) => {
    const [one, other] = [(pixel >>> shift) & 255, (paper >>> shift) & 255]
    return Math.round((one * cover + other * (255 - cover)) / 255) << shift
  }
  return (part(0) | part(8) | part(16) | (255 << 24)) >>> 0
}
