import { seatShare } from './detail'
import type { Scene } from './ink'
import { type Look, mix } from './look'
import type { Box, PlanSection } from './plan'
import { boxOfShape, cornersOf, meets } from './shapes'
import type { ShapeWire } from './wire'

/** What is below the seats, besides the scene. */
export interface Ground {
  readonly scene: Scene
  readonly look: Look
  /** Four numbers a section: available, held, sold, blocked. */
  readonly counts: Uint32Array
  readonly areas: ReadonlyMap<string, number>
  /** Share of each section to show as heat; without it sections show their price level. */
  readonly heat: Float32Array | undefined
  readonly levelsIn: readonly boolean[] | undefined
}

/** Steps of a section's fill, by how much of it is free: enough to tell, few enough to compare. */
const STEPS = [0, 0.34, 0.6, 0.8, 1] as const

/** Path of each section's outline in map units, made once. */
const paths = new WeakMap<PlanSection, Path2D>()

/** Draws stages, areas and sections that meet `box`; the context is set to map units. */
export function drawGround(context: CanvasRenderingContext2D, ground: Ground, box: Box, pixel: number): void {
  const { look, scene } = ground
  const { plan } = scene
  const filled = ground.heat ? 1 : 1 - seatShare(plan.pitch * (1 / pixel))
  for (const { shape } of plan.decorations) {
    if (shape.type === 'label' || !meets(boxOfShape(shape), box)) continue
    context.fillStyle = look.stage
    context.strokeStyle = look.edge
    context.lineWidth = pixel
    trace(context, shape, plan.pitch * 0.5)
    context.fill()
    if (look.isForced) context.stroke()
  }
  plan.areas.forEach((area, at) => {
    if (!area.shape || !meets(boxOfShape(area.shape), box)) return
    const left = (ground.areas.get(area.id) ?? area.capacity) / area.capacity
    const level = plan.levels.findIndex(({ key }) => key === area.level)
    const heat = ground.heat?.[plan.sections.length + at]
    context.fillStyle = heat === undefined ? areaFillOf(ground, level, left) : heatOf(look, heat)
    context.strokeStyle =
      left === 0 || look.isForced
        ? look.quiet
        : mix(look.levels[level % look.levels.length]!, look.plate, 0.9)
    context.lineWidth = pixel * 2
    trace(context, area.shape, plan.pitch * 0.4)
    context.fill()
    if (left === 0) hatch(context, look, pixel)
    context.stroke()
  })
  for (const [at, section] of plan.sections.entries()) {
    if (section.outline.length === 0 || !meets(section.box, box)) continue
    const path = pathOf(section)
    context.lineWidth = pixel
    if (filled < 1 && section.tables.length === 0) {
      context.fillStyle = look.plate
      context.fill(path)
    }
    if (filled > 0) {
      const total = section.seatEnd - section.seatStart
      const free = total === 0 ? 0 : ground.counts[at * 4]! / total
      context.globalAlpha = filled
      const heat = ground.heat?.[at]
      context.fillStyle = heat === undefined ? fillOf(ground, section.level, free) : heatOf(look, heat)
      context.fill(path)
      if (free === 0 && heat === undefined) hatchPath(context, look, pixel, path)
      context.globalAlpha = 1
    }
    context.strokeStyle = filled > 0.5 ? (look.isForced ? look.ink : look.paper) : look.edge
    context.lineWidth = filled > 0.5 ? pixel * 1.5 : pixel
    if (section.tables.length === 0 || filled > 0) context.stroke(path)
    context.lineWidth = pixel
    for (let table = 0; table < section.tables.length; table += 3) {
      context.beginPath()
      context.arc(
        section.tables[table]!,
        section.tables[table + 1]!,
        section.tables[table + 2]!,
        0,
        2 * Math.PI,
      )
      context.fillStyle = look.plate
      context.fill()
      context.strokeStyle = look.edge
      context.stroke()
    }
  }
}

/** The fill of a section or area of this level, of which `free` is left. */
export function fillOf(ground: Pick<Ground, 'look' | 'levelsIn'>, level: number, free: number): string {
  const { look, levelsIn } = ground
  if (look.isForced || free === 0) return look.sunk
  const isIn = levelsIn?.[level] !== false
  const share = isIn ? (STEPS.find((step) => free <= step + 1e-6) ?? 1) : 0.1
  return mix(look.levels[Math.max(0, level) % look.levels.length]!, look.plate, Math.max(share, 0.1))
}

/** An area is large, so that its level shows by its edge and a wash. */
export function areaFillOf(
  { look, levelsIn }: Pick<Ground, 'look' | 'levelsIn'>,
  level: number,
  free: number,
): string {
  if (look.isForced || free === 0) return look.sunk
  return mix(
    look.levels[Math.max(0, level) % look.levels.length]!,
    look.plate,
    levelsIn?.[level] === false ? 0.04 : 0.16,
  )
}

function heatOf(look: Look, share: number): string {
  return look.heat[heatStep(look, share)]!
}

export function heatStep(look: Look, share: number): number {
  return Math.min(look.heat.length - 1, Math.max(0, Math.floor(share * look.heat.length)))
}

export function pathOf(section: PlanSection): Path2D {
  let path = paths.get(section)
  if (!path) {
    path = new Path2D()
    const { outline } = section
    roundCorners(path, outline, section.room / 5)
    paths.set(section, path)
  }
  return path
}

/** Corners that turn sharply are rounded; those of a curved row stay as they are. */
function roundCorners(path: Path2D, outline: Float32Array, radius: number): void {
  const count = outline.length / 2
  const point = (at: number) => [outline[(at % count) * 2]!, outline[(at % count) * 2 + 1]!] as const
  for (let at = 0; at < count; at++) {
    const [before, here, next] = [point(at + count - 1), point(at), point(at + 1)]
    const [inX, inY] = [here[0] - before[0], here[1] - before[1]]
    const [outX, outY] = [next[0] - here[0], next[1] - here[1]]
    const [inLength, outLength] = [Math.hypot(inX, inY), Math.hypot(outX, outY)]
    const cosine = (inX * outX + inY * outY) / (inLength * outLength || 1)
    const room = Math.min(inLength, outLength) / 2
    if (cosine > 0.85 || room < radius) path.lineTo(here[0], here[1])
    else {
      path.lineTo(here[0] - (inX / inLength) * radius, here[1] - (inY / inLength) * radius)
      path.quadraticCurveTo(
        here[0],
        here[1],
        here[0] + (outX / outLength) * radius,
        here[1] + (outY / outLength) * radius,
      )
    }
  }
  path.closePath()
}

function trace(context: CanvasRenderingContext2D, shape: ShapeWire, round: number): void {
  context.beginPath()
  if (shape.type === 'ellipse') {
    context.ellipse(
      shape.x,
      shape.y,
      shape.rx,
      shape.ry,
      ((shape.rotation ?? 0) * Math.PI) / 180,
      0,
      2 * Math.PI,
    )
    return
  }
  if (shape.type === 'rectangle' && !shape.rotation) {
    context.roundRect(
      shape.x,
      shape.y,
      shape.width,
      shape.height,
      Math.min(round, shape.width / 4, shape.height / 4),
    )
    return
  }
  for (const { x, y } of cornersOf(shape)) context.lineTo(x, y)
  context.closePath()
}

/** Lines across what was traced last: sold out, for those who see no colours. */
function hatch(context: CanvasRenderingContext2D, look: Look, pixel: number): void {
  context.save()
  context.clip()
  context.fillStyle = hatchOf(context, look, pixel)
  context.fill()
  context.restore()
}

function hatchPath(context: CanvasRenderingContext2D, look: Look, pixel: number, path: Path2D): void {
  context.fillStyle = hatchOf(context, look, pixel)
  context.fill(path)
}

let hatching: { color: string; pattern: CanvasPattern } | undefined

function hatchOf(context: CanvasRenderingContext2D, look: Look, pixel: number): CanvasPattern | string {
  if (hatching?.color !== look.hatch) {
    const tile = Object.assign(document.createElement('canvas'), { width: 8, height: 8 })
    const brush = tile.getContext('2d')
    if (!brush) return look.hatch
    brush.strokeStyle = look.hatch
    brush.lineWidth = 1.5
    brush.moveTo(-2, 10)
    brush.lineTo(10, -2)
    brush.moveTo(-2, 2)
    brush.lineTo(2, -2)
    brush.moveTo(6, 10)
    brush.lineTo(10, 6)
    brush.stroke()
    const pattern = context.createPattern(tile, 'repeat')
    if (!pattern) return look.hatch
    hatching = { color: look.hatch, pattern }
  }
  hatching.pattern.setTransform(new DOMMatrix().scale(pixel))
  return hatching.pattern
}
