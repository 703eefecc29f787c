import { pathOf } from './ground'
import type { Look } from './look'
import type { Plan } from './plan'

/** What changes with the viewer's every move and so is drawn on each frame. */
interface Overlay {
  readonly plan: Plan
  readonly look: Look
  readonly picked: ReadonlySet<number>
  /** Held by the viewer already. */
  readonly mine: ReadonlySet<number>
  readonly cursor: Target | undefined
  readonly hover: Target | undefined
}

export type Target = { readonly seat: number } | { readonly section: number } | { readonly area: number }

/** A mark never gets smaller than this, so that one's own seats are seen from afar; CSS pixels. */
const MARK_MIN = 11

/** Draws over the map; the context is set to CSS pixels. `left`, `top`: the map's point at its corner. */
export function drawOverlay(
  context: CanvasRenderingContext2D,
  overlay: Overlay,
  left: number,
  top: number,
  scale: number,
): void {
  const { plan, look, picked, mine, cursor, hover } = overlay
  const isCursorOnHover = hover && cursor && same(hover, cursor)
  if (hover && !isCursorOnHover) drawTarget(context, overlay, hover, left, top, scale, false)
  for (const seat of mine)
    if (!picked.has(seat)) drawPick(context, plan, look, seat, left, top, scale, 'mine')
  for (const seat of picked) drawPick(context, plan, look, seat, left, top, scale, 'picked')
  if (cursor) drawTarget(context, overlay, cursor, left, top, scale, true)
}

export function same(one: Target | undefined, other: Target | undefined): boolean {
  if (!one || !other) return one === other
  if ('seat' in one) return 'seat' in other && one.seat === other.seat
  if ('section' in one) return 'section' in other && one.section === other.section
  return 'area' in other && one.area === other.area
}

function drawPick(
  context: CanvasRenderingContext2D,
  plan: Plan,
  look: Look,
  seat: number,
  left: number,
  top: number,
  scale: number,
  kind: 'picked' | 'mine',
): void {
  const x = (plan.x[seat]! - left) * scale
  const y = (plan.y[seat]! - top) * scale
  const radius = Math.max(MARK_MIN, plan.size[seat]! * scale * 1.14) / 2
  context.beginPath()
  context.arc(x, y, radius + 2, 0, 2 * Math.PI)
  context.fillStyle = look.focusGap
  context.fill()
  context.beginPath()
  context.arc(x, y, radius, 0, 2 * Math.PI)
  context.fillStyle = look.pick
  context.fill()
  context.lineWidth = Math.max(1.25, radius * 0.12)
  context.strokeStyle = look.onPick
  context.stroke()
  context.lineCap = 'round'
  context.lineJoin = 'round'
  context.lineWidth = Math.max(1.5, radius * 0.2)
  context.beginPath()
  if (kind === 'picked') {
    context.moveTo(x - radius * 0.42, y + radius * 0.02)
    context.lineTo(x - radius * 0.1, y + radius * 0.34)
    context.lineTo(x + radius * 0.46, y - radius * 0.34)
  } else {
    // The hands of a clock: it is held for a time.
    context.moveTo(x, y - radius * 0.5)
    context.lineTo(x, y)
    context.lineTo(x + radius * 0.36, y + radius * 0.2)
  }
  context.stroke()
}

function drawTarget(
  context: CanvasRenderingContext2D,
  { plan, look }: Overlay,
  target: Target,
  left: number,
  top: number,
  scale: number,
  isFocus: boolean,
): void {
  if ('area' in target) return
  const wide = isFocus ? 3 : 2
  const stroke = (path?: Path2D, pixel = 1) => {
    for (const [width, color] of [
      [wide + 3, look.focusGap],
      [wide, look.focus],
    ] as const) {
      context.lineWidth = width * pixel
      context.strokeStyle = color
      if (path) context.stroke(path)
      else context.stroke()
    }
  }
  if ('section' in target) {
    context.save()
    context.translate(-left * scale, -top * scale)
    context.scale(scale, scale)
    context.lineJoin = 'round'
    stroke(pathOf(plan.sections[target.section]!), 1 / scale)
    context.restore()
    return
  }
  const radius = Math.max(MARK_MIN, plan.size[target.seat]! * scale * 1.14) / 2 + 4
  context.beginPath()
  context.arc(
    (plan.x[target.seat]! - left) * scale,
    (plan.y[target.seat]! - top) * scale,
    radius,
    0,
    2 * Math.PI,
  )
  stroke()
}
