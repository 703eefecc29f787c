import type { Target } from './overlay'
import type { MapView } from './view'
import type { PointWire } from './wire'

interface GestureListener {
  /** A click or tap that was no drag; nothing where nothing is. */
  tap(target: Target | undefined, by: 'touch' | 'mouse', point: PointWire): void
  /** A mouse over the map, or not any more. */
  hover(target: Target | undefined): void
}

/** A pointer that moved less is not dragged; CSS pixels. */
const STILL = { touch: 10, mouse: 4 } as const
const DOUBLE_TAP_MS = 300
const DOUBLE_TAP_REACH = 30
/** Movement of the last moments decides how fast a map is let go of. */
const RECENT_MS = 80

interface Hand {
  point: PointWire
  readonly start: PointWire
  readonly by: 'touch' | 'mouse'
}

/** Moves the map by mouse, pen, fingers and wheel. Returns what ends it. */
export function followGestures(element: HTMLElement, view: MapView, listener: GestureListener): () => void {
  const hands = new Map<number, Hand>()
  const trail: { at: number; point: PointWire }[] = []
  let isDrag = false
  let lastTap: { at: number; point: PointWire } | undefined

  const pointOf = (event: MouseEvent): PointWire => {
    const box = element.getBoundingClientRect()
    return { x: event.clientX - box.left, y: event.clientY - box.top }
  }

  const onDown = (event: PointerEvent) => {
    if (event.button !== 0) return
    const point = pointOf(event)
    hands.set(event.pointerId, { point, start: point, by: event.pointerType === 'mouse' ? 'mouse' : 'touch' })
    isDrag = hands.size > 1
    trail.length = 0
    view.isHeld = true
    if (event.isTrusted) element.setPointerCapture(event.pointerId)
  }

  const onMove = (event: PointerEvent) => {
    const point = pointOf(event)
    const hand = hands.get(event.pointerId)
    if (!hand) {
      if (event.pointerType === 'mouse') listener.hover(view.hit(point, 'mouse'))
      return
    }
    if (!isDrag && distance(point, hand.start) < STILL[hand.by]) return
    if (!isDrag) {
      isDrag = true
      listener.hover(undefined)
    }
    const [one, other] = [...hands.values()]
    const before = other && one ? pinchOf(one.point, other.point) : undefined
    const moved = { x: point.x - hand.point.x, y: point.y - hand.point.y }
    hand.point = point
    if (one && other && before) {
      const now = pinchOf(one.point, other.point)
      view.panBy(now.middle.x - before.middle.x, now.middle.y - before.middle.y)
      if (before.apart > 0) view.zoomBy(now.apart / before.apart, now.middle, 'now')
      return
    }
    trail.push({ at: event.timeStamp, point })
    if (trail.length > 12) trail.shift()
    view.panBy(moved.x, moved.y)
  }

  const onUp = (event: PointerEvent) => {
    const hand = hands.get(event.pointerId)
    if (!hand) return
    hands.delete(event.pointerId)
    if (hands.size > 0) return
    view.isHeld = false
    if (isDrag) {
      letGo(event.timeStamp)
      return
    }
    if (event.type === 'pointercancel') return
    const isDouble =
      hand.by === 'touch' &&
      lastTap !== undefined &&
      event.timeStamp - lastTap.at < DOUBLE_TAP_MS &&
      distance(lastTap.point, hand.point) < DOUBLE_TAP_REACH
    lastTap = isDouble ? undefined : { at: event.timeStamp, point: hand.point }
    // The second tap on a seat that is large enough is a choice of its own.
    if (isDouble && !view.isSure('touch')) view.zoomBy(2.5, hand.point)
    else listener.tap(view.hit(hand.point, hand.by), hand.by, hand.point)
  }

  const letGo = (now: number) => {
    const recent = trail.filter(({ at }) => now - at < RECENT_MS)
    const [first, last] = [recent[0], recent.at(-1)]
    if (!first || !last || last.at === first.at) return
    const time = last.at - first.at
    view.throwAt((last.point.x - first.point.x) / time, (last.point.y - first.point.y) / time)
  }

  const onWheel = (event: WheelEvent) => {
    event.preventDefault()
    const lines =
      event.deltaMode === WheelEvent.DOM_DELTA_LINE
        ? 16
        : event.deltaMode === WheelEvent.DOM_DELTA_PAGE
          ? 400
          : 1
    if (event.shiftKey) {
      view.panBy(-(event.deltaX || event.deltaY) * lines, 0)
      return
    }
    // Browsers tell a pinch on a touchpad as a wheel with Ctrl, in much smaller steps.
    const speed = event.ctrlKey ? 0.01 : 0.0022
    view.zoomBy(Math.exp(-event.deltaY * lines * speed), pointOf(event), 'now')
    listener.hover(undefined)
  }

  const onDouble = (event: MouseEvent) => {
    if (!view.isSure('mouse')) view.zoomBy(2.5, pointOf(event))
  }

  const onLeave = (event: PointerEvent) => {
    if (event.pointerType === 'mouse' && hands.size === 0) listener.hover(undefined)
  }

  element.addEventListener('pointerdown', onDown)
  element.addEventListener('pointermove', onMove)
  element.addEventListener('pointerup', onUp)
  element.addEventListener('pointercancel', onUp)
  element.addEventListener('pointerleave', onLeave)
  element.addEventListener('dblclick', onDouble)
  element.addEventListener('wheel', onWheel, { passive: false })
  return () => {
    element.removeEventListener('pointerdown', onDown)
    element.removeEventListener('pointermove', onMove)
    element.removeEventListener('pointerup', onUp)
    element.removeEventListener('pointercancel', onUp)
    element.removeEventListener('pointerleave', onLeave)
    element.removeEventListener('dblclick', onDouble)
    element.removeEventListener('wheel', onWheel)
  }
}

function distance(one: PointWire, other: PointWire): number {
  return Math.hypot(one.x - other.x, one.y - other.y)
}

function pinchOf(one: PointWire, other: PointWire): { middle: PointWire; apart: number } {
  return { middle: { x: (one.x + other.x) / 2, y: (one.y + other.y) / 2 }, apart: distance(one, other) }
}
