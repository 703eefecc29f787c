import { AVAILABLE } from '../../live/frames'
import type { Camera, Viewport } from './camera'
import * as cam from './camera'
import { CLICKABLE, SEATS_FROM, SEATS_FULL, TOUCHABLE } from './detail'
import { areaAt, type SeatIndex, sectionAt } from './hit'
import type { Look } from './look'
import { coast, glide, type Motion } from './motion'
import type { Changed, Occupancy } from './occupancy'
import { drawOverlay, same, type Target } from './overlay'
import { type Box, type Plan, sectionOf } from './plan'
import { boxOfShape } from './shapes'
import { Sheet } from './sheet'
import type { Signs } from './signs'
import type { PointWire } from './wire'

interface ViewWords {
  /** A short number of free places. */
  count(count: number): string
  percent(share: number): string
}

interface ViewOptions {
  readonly plan: Plan
  readonly index: SeatIndex
  readonly occupancy: Occupancy
  readonly look: Look
  readonly words: ViewWords
  /** Asked before anything moves by itself. */
  readonly prefersStillness: () => boolean
  /** After the camera moved or came to rest. */
  readonly onCamera?: (camera: Camera) => void
}

/** A finger's or mouse's reach around a seat, in CSS pixels. */
const REACH = { touch: 24, mouse: 12 } as const
/** Sections seen from afar are painted anew at most this often: their colour changes by the hour. */
const SECTIONS_EVERY_MS = 250
/** A sheet that took longer to paint is shown stretched while a zoom goes on. */
const QUICK_MS = 10
const STRETCH_MAX = 1.5
/** Time to spend at once on painting beyond the view. */
const AHEAD_MS = 6

/** Safari tells nobody when it is idle. */
const hasIdle = typeof requestIdleCallback === 'function'
const requestIdle = (work: () => void): number =>
  hasIdle ? requestIdleCallback(work) : window.setTimeout(work, 50)
const cancelIdle = (id: number) => (hasIdle ? cancelIdleCallback(id) : clearTimeout(id))

/** The map on a canvas: what of it is seen, and that it is painted when needed. Knows no framework. */
export class MapView {
  readonly plan: Plan
  readonly #index: SeatIndex
  readonly #occupancy: Occupancy
  readonly #options: ViewOptions
  readonly #canvas: HTMLCanvasElement
  readonly #context: CanvasRenderingContext2D | null
  readonly #sheet = new Sheet()
  readonly #stop: () => void
  #signs: Signs
  #viewport: Viewport = { width: 0, height: 0 }
  #ratio = 1
  #camera: Camera = { x: 0, y: 0, scale: 1 }
  #motion: Motion | undefined
  #isHeldByHand = false
  #frame = 0
  #ahead = 0
  #paintMs = 0
  #sectionsAt = 0
  #sectionsDue: ReturnType<typeof setTimeout> | undefined
  #picked: ReadonlySet<number> = new Set()
  #mine: ReadonlySet<number> = new Set()
  #cursor: Target | undefined
  #hover: Target | undefined

  constructor(canvas: HTMLCanvasElement, options: ViewOptions) {
    this.plan = options.plan
    this.#index = options.index
    this.#occupancy = options.occupancy
    this.#options = options
    this.#canvas = canvas
    this.#context = canvas.getContext('2d', { alpha: false })
    this.#signs = {
      scene: { plan: options.plan, statuses: options.occupancy.seats, matching: undefined },
      look: options.look,
      counts: options.occupancy.counts,
      areas: options.occupancy.areas,
      heat: undefined,
      levelsIn: undefined,
      index: options.index,
      count: options.words.count,
      percent: options.words.percent,
    }
    this.#sheet.dress(this.#signs)
    this.#stop = options.occupancy.subscribe((changed) => this.#onChanged(changed))
  }

  destroy(): void {
    this.#stop()
    cancelAnimationFrame(this.#frame)
    cancelIdle(this.#ahead)
    clearTimeout(this.#sectionsDue)
  }

  get camera(): Camera {
    return this.#camera
  }

  get viewport(): Viewport {
    return this.#viewport
  }

  /** CSS pixels from one seat to the next. */
  get pitch(): number {
    return this.plan.pitch * this.#camera.scale
  }

  get showsSeats(): boolean {
    return this.pitch >= SEATS_FROM
  }

  /** How much further in one is than when all is seen. */
  get magnification(): number {
    return this.#camera.scale / cam.fit(this.plan.bounds, this.#viewport).scale
  }

  resize(width: number, height: number, ratio: number): void {
    if (width === this.#viewport.width && height === this.#viewport.height && ratio === this.#ratio) return
    const isFirst = this.#viewport.width === 0
    this.#viewport = { width, height }
    this.#ratio = ratio
    this.#canvas.width = Math.round(width * ratio)
    this.#canvas.height = Math.round(height * ratio)
    this.#sheet.resize(this.#canvas.width, this.#canvas.height, ratio)
    this.#camera = isFirst
      ? cam.fit(this.plan.bounds, this.#viewport, cam.scaleMax(this.plan.pitch))
      : this.#within(this.#camera)
    this.draw()
    this.#options.onCamera?.(this.#camera)
  }

  dress(look: Look): void {
    this.#signs = { ...this.#signs, look }
    this.#sheet.dress(this.#signs)
    this.request()
  }

  /** `matching` as of `filter.matching`; `levelsIn`: which levels it lets through. */
  filter(matching: Uint8Array | undefined, levelsIn: readonly boolean[] | undefined): void {
    this.#signs = { ...this.#signs, scene: { ...this.#signs.scene, matching }, levelsIn }
    this.#sheet.spoil()
    this.request()
  }

  /** Shows shares of sections, then of areas, in place of seats. */
  heat(shares: Float32Array | undefined): void {
    this.#signs = { ...this.#signs, heat: shares }
    this.#sheet.spoil()
    this.request()
  }

  pick(picked: ReadonlySet<number>, mine: ReadonlySet<number>): void {
    this.#picked = picked
    this.#mine = mine
    this.request()
  }

  set cursor(target: Target | undefined) {
    this.#cursor = target
    this.request()
  }

  set hover(target: Target | undefined) {
    if (same(this.#hover, target)) return
    this.#hover = target
    this.request()
  }

  /** What is at a point of the screen: an area or seat, or the section when seats are too small to see. */
  hit(point: PointWire, by: 'touch' | 'mouse'): Target | undefined {
    const { x, y } = cam.toMap(this.#camera, this.#viewport, point)
    const reach = REACH[by] / this.#camera.scale
    if (!this.#signs.heat && this.pitch >= Math.min(CLICKABLE, SEATS_FULL + 1)) {
      const [seat] = this.#index.near(x, y, 1, Math.max(this.plan.pitch * 0.75, by === 'touch' ? reach : 0))
      if (seat !== undefined) return { seat }
    }
    const area = areaAt(this.plan, x, y)
    if (area !== undefined) return { area }
    const section = sectionAt(this.plan, x, y, reach)
    return section === undefined ? undefined : { section }
  }

  /** Whether a finger or mouse can be sure of a seat at this zoom. */
  isSure(by: 'touch' | 'mouse'): boolean {
    return this.pitch >= (by === 'touch' ? TOUCHABLE : CLICKABLE)
  }

  screenOf(target: Target): PointWire {
    return cam.toScreen(this.#camera, this.#viewport, this.#middleOf(target))
  }

  fit(): void {
    this.moveTo(cam.fit(this.plan.bounds, this.#viewport, cam.scaleMax(this.plan.pitch)))
  }

  /** Shows a section with its seats large enough to choose, or all of it if they are then. */
  showSection(section: number): void {
    const whole = cam.fit(this.plan.sections[section]!.box, this.#viewport, cam.scaleMax(this.plan.pitch))
    this.moveTo({ ...whole, scale: Math.max(whole.scale, (CLICKABLE + 1) / this.plan.pitch) })
  }

  /** Shows a seat large enough to choose it by finger, moving no more than needed. */
  showSeat(seat: number, pitch: number = TOUCHABLE + 4): void {
    const point = { x: this.plan.x[seat]!, y: this.plan.y[seat]! }
    const scale = Math.max(this.#camera.scale, pitch / this.plan.pitch)
    const on = cam.toScreen(this.#camera, this.#viewport, point)
    const margin = Math.min(72, this.#viewport.width / 5, this.#viewport.height / 5)
    const isSeen =
      on.x > margin &&
      on.y > margin &&
      on.x < this.#viewport.width - margin &&
      on.y < this.#viewport.height - margin
    if (isSeen && scale === this.#camera.scale) return
    this.moveTo({ ...point, scale })
  }

  zoomBy(factor: number, point?: PointWire, mode: 'glide' | 'now' = 'glide'): void {
    const at = point ?? { x: this.#viewport.width / 2, y: this.#viewport.height / 2 }
    const from = mode === 'glide' && this.#motion ? this.#motion.at(Infinity) : this.#camera
    const to = this.#within({ ...from, scale: from.scale * factor })
    const zoomed = cam.zoomAt(from, this.#viewport, at, to.scale / from.scale)
    if (mode === 'glide') this.moveTo(zoomed)
    else this.jumpTo(zoomed)
  }

  panBy(dx: number, dy: number): void {
    this.jumpTo(cam.panBy(this.#camera, dx, dy))
  }

  /** Lets the map go at a speed, in CSS pixels a millisecond. */
  throwAt(speedX: number, speedY: number): void {
    if (this.#options.prefersStillness()) return
    this.#motion = coast(this.#camera, speedX, speedY, performance.now())
    this.request()
  }

  moveTo(camera: Camera): void {
    const to = this.#within(camera)
    if (this.#options.prefersStillness()) {
      this.jumpTo(to)
      return
    }
    this.#motion = glide(this.#camera, to, performance.now())
    this.request()
  }

  jumpTo(camera: Camera): void {
    this.#motion = undefined
    this.#camera = this.#within(camera)
    this.#options.onCamera?.(this.#camera)
    this.request()
  }

  /** While a hand holds the map a zoom may go on at any moment. */
  set isHeld(isHeld: boolean) {
    if (isHeld) this.#motion = undefined
    this.#isHeldByHand = isHeld
    this.request()
  }

  request(): void {
    if (this.#frame === 0) this.#frame = requestAnimationFrame((now) => this.draw(now))
  }

  draw(now: number = performance.now()): void {
    cancelAnimationFrame(this.#frame)
    this.#frame = 0
    const context = this.#context
    if (!context || this.#viewport.width === 0) return
    this.#follow(now)
    const view = cam.seen(this.#camera, this.#viewport)
    const scale = this.#camera.scale * this.#ratio
    const stretch = Math.max(scale / this.#sheet.scale, this.#sheet.scale / scale)
    const isMoving = this.#motion !== undefined || this.#isHeldByHand
    const isStretched = isMoving && stretch !== 1 && this.#paintMs > QUICK_MS && stretch < STRETCH_MAX
    if (!isStretched) {
      const started = performance.now()
      this.#sheet.cover(view, scale)
      this.#sheet.paint(this.#signs, view)
      const spent = performance.now() - started
      if (stretch !== 1) this.#paintMs = this.#paintMs * 0.7 + spent * 0.3
    } else {
      context.setTransform(1, 0, 0, 1, 0, 0)
      context.fillStyle = this.#signs.look.paper
      context.fillRect(0, 0, this.#canvas.width, this.#canvas.height)
    }
    context.setTransform(1, 0, 0, 1, 0, 0)
    this.#sheet.show(context, view[0], view[1], scale)
    context.setTransform(this.#ratio, 0, 0, this.#ratio, 0, 0)
    const { look } = this.#signs
    drawOverlay(
      context,
      {
        plan: this.plan,
        look,
        picked: this.#picked,
        mine: this.#mine,
        cursor: this.#cursor,
        hover: this.#hover,
      },
      view[0],
      view[1],
      this.#camera.scale,
    )
    if (isMoving) {
      if (this.#motion) this.request()
      return
    }
    this.#ahead ||= requestIdle(() => this.#paintAhead())
  }

  /** Paints beyond the view while nothing else is to do, so that the next move finds it there. */
  #paintAhead(): void {
    this.#ahead = 0
    const until = performance.now() + AHEAD_MS
    let hasMore = true
    while (hasMore && performance.now() < until) hasMore = this.#sheet.paintAhead(this.#signs)
    if (hasMore && !this.#motion && !this.#isHeldByHand) this.#ahead = requestIdle(() => this.#paintAhead())
  }

  #follow(now: number): void {
    if (!this.#motion) return
    this.#camera = this.#within(this.#motion.at(now))
    if (this.#motion.isOver(now)) this.#motion = undefined
    this.#options.onCamera?.(this.#camera)
  }

  #within(camera: Camera): Camera {
    return cam.clamp(camera, this.plan.bounds, this.#viewport, this.plan.pitch)
  }

  #onChanged(changed: Changed): void {
    if (changed === 'all') this.#sheet.spoil()
    else {
      if (this.showsSeats && !this.#signs.heat) this.#sheet.change(this.#signs, changed)
      if (this.pitch < SEATS_FULL) this.#spoilSections(changed)
    }
    this.request()
  }

  #spoilSections(changed: readonly number[]): void {
    const wait = this.#sectionsAt + SECTIONS_EVERY_MS - performance.now()
    if (wait <= 0) {
      this.#sectionsAt = performance.now()
      for (const section of new Set(changed.map((seat) => sectionOf(this.plan, seat)))) {
        this.#sheet.spoilBox(this.plan.sections[section]!.box)
      }
    } else {
      this.#sectionsDue ??= setTimeout(() => {
        this.#sectionsDue = undefined
        this.#sectionsAt = performance.now()
        this.#sheet.spoil()
        this.request()
      }, wait)
    }
  }

  #middleOf(target: Target): PointWire {
    if ('seat' in target) return { x: this.plan.x[target.seat]!, y: this.plan.y[target.seat]! }
    if ('section' in target) return this.plan.sections[target.section]!.middle
    const { shape } = this.plan.areas[target.area]!
    const box: Box = shape ? boxOfShape(shape) : this.plan.bounds
    return { x: (box[0] + box[2]) / 2, y: (box[1] + box[3]) / 2 }
  }

  isAvailable(seat: number): boolean {
    return this.#occupancy.seats[seat] === AVAILABLE
  }
}
