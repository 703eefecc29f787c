import { type Camera, fit, panBy, scaleMax, toMap, type Viewport, zoomAt } from '../../seatmap/engine/camera'
import { type Look, lookOf } from '../../seatmap/engine/look'
import { boxOfAll, boxOfFound, boxOfSelection, find, pitchOfMap } from '../model/find'
import type { Box } from '../model/shape'
import type { Point, Uid } from '../model/types'
import type { Editor } from '../state'
import { type Ghost, paintOverlay } from './overlay'
import { Painter } from './paint'

/** The document on the screen: a canvas for it and one for what the hand does, repainted when either changes. */
export class Board {
  camera: Camera = { x: 0, y: 0, scale: 1 }
  #viewport: Viewport = { width: 0, height: 0 }
  #ratio = 1
  #look: Look
  #ghost: Ghost | undefined
  #hovered: Uid | undefined
  #drawn: unknown
  #frame = 0
  readonly #painter = new Painter()
  readonly #ends: (() => void)[] = []
  readonly #base: CanvasRenderingContext2D
  readonly #over: CanvasRenderingContext2D

  constructor(
    readonly editor: Editor,
    readonly host: HTMLElement,
    base: HTMLCanvasElement,
    over: HTMLCanvasElement,
  ) {
    this.#base = base.getContext('2d', { alpha: false })!
    this.#over = over.getContext('2d')!
    this.#look = lookOf(host)
    const resized = new ResizeObserver(() => this.#resize())
    resized.observe(host)
    this.#ends.push(
      () => resized.disconnect(),
      editor.subscribe(() => this.draw()),
    )
  }

  get viewport(): Viewport {
    return this.#viewport
  }

  get ghost(): Ghost | undefined {
    return this.#ghost
  }

  set ghost(ghost: Ghost | undefined) {
    this.#ghost = ghost
    this.draw()
  }

  hover(uid: Uid | undefined): void {
    if (uid === this.#hovered) return
    this.#hovered = uid
    this.draw()
  }

  /** Another theme, or fonts that have arrived. */
  dress(): void {
    this.#look = lookOf(this.host)
    this.#drawn = undefined
    this.draw()
  }

  end(): void {
    cancelAnimationFrame(this.#frame)
    for (const end of this.#ends) end()
  }

  pointOf(event: { clientX: number; clientY: number }): Point {
    const box = this.host.getBoundingClientRect()
    return toMap(this.camera, this.#viewport, { x: event.clientX - box.left, y: event.clientY - box.top })
  }

  panBy(dx: number, dy: number): void {
    this.#see(panBy(this.camera, dx, dy))
  }

  /** Around a point of the screen, or around the middle. */
  zoomBy(factor: number, at?: Point): void {
    const { width, height } = this.#viewport
    const { doc } = this.editor.now
    const least = fit(this.#all(), this.#viewport).scale / 4
    const most = scaleMax(pitchOfMap(doc))
    const scale = Math.min(most, Math.max(least, this.camera.scale * factor))
    this.#see(
      zoomAt(this.camera, this.#viewport, at ?? { x: width / 2, y: height / 2 }, scale / this.camera.scale),
    )
  }

  showAll(): void {
    this.#see(fit(this.#all(), this.#viewport))
  }

  /** What is chosen, brought into view. */
  showChosen(): void {
    const { doc, selection } = this.editor.now
    const box = boxOfSelection(doc, selection)
    if (!box) return
    const around = pitchOfMap(doc) * 4
    const wide: Box = [box[0] - around, box[1] - around, box[2] + around, box[3] + around]
    this.#see(fit(wide, this.#viewport, 0.9))
  }

  /** Whether it is on the screen already. */
  shows(uid: Uid): boolean {
    const found = find(this.editor.now.doc, uid)
    if (!found) return false
    const [left, top, right, bottom] = boxOfFound(found)
    const { x, y, scale } = this.camera
    const [halfWidth, halfHeight] = [this.#viewport.width / 2 / scale, this.#viewport.height / 2 / scale]
    return left > x - halfWidth && right < x + halfWidth && top > y - halfHeight && bottom < y + halfHeight
  }

  draw(): void {
    if (this.#frame || this.#viewport.width === 0) return
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0
      const { doc, selection } = this.editor.now
      if (this.#drawn !== doc) {
        this.#drawn = doc
        this.#painter.paint(this.#base, doc, this.camera, this.#viewport, this.#ratio, this.#look)
      }
      paintOverlay(
        this.#over,
        doc,
        selection,
        this.#ghost,
        this.#hovered,
        this.camera,
        this.#viewport,
        this.#ratio,
        this.#look,
      )
    })
  }

  #all(): Box {
    const { doc } = this.editor.now
    const chosen = boxOfSelection(
      doc,
      new Set([...doc.sections, ...doc.areas, ...doc.decorations].map(({ uid }) => uid)),
    )
    const sheet: Box = [0, 0, doc.width, doc.height]
    return chosen ? boxOfAll([sheet, chosen]) : sheet
  }

  #see(camera: Camera): void {
    this.camera = camera
    this.#drawn = undefined
    this.draw()
  }

  #resize(): void {
    const { width, height } = this.host.getBoundingClientRect()
    const isFirst = this.#viewport.width === 0
    this.#viewport = { width, height }
    this.#ratio = Math.min(2, devicePixelRatio || 1)
    for (const { canvas } of [this.#base, this.#over]) {
      canvas.width = Math.round(width * this.#ratio)
      canvas.height = Math.round(height * this.#ratio)
    }
    if (isFirst && width > 0) this.camera = fit(this.#all(), this.#viewport)
    this.#drawn = undefined
    this.draw()
  }
}
