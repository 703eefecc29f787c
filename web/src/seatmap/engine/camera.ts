import type { Box } from './plan'
import type { PointWire } from './wire'

/** Which part of the map is seen: the map's point in the middle, and pixels a map unit. */
export interface Camera {
  readonly x: number
  readonly y: number
  readonly scale: number
}

/** Of the place the map is drawn in; CSS pixels. */
export interface Viewport {
  readonly width: number
  readonly height: number
}

/** How far in one can zoom: a seat never gets wider than this. */
const SEAT_MAX = 56
/** Left free around a map or section that is fitted in. */
const FIT = 0.94

/** The camera that shows all of `box`, zoomed in no further than seats are drawn. */
export function fit(box: Box, viewport: Viewport, scaleMax = Infinity): Camera {
  const [width, height] = [Math.max(box[2] - box[0], 1e-6), Math.max(box[3] - box[1], 1e-6)]
  const scale = Math.min(viewport.width / width, viewport.height / height) * FIT
  return { x: (box[0] + box[2]) / 2, y: (box[1] + box[3]) / 2, scale: Math.min(scale, scaleMax) }
}

export function scaleMax(pitch: number): number {
  return SEAT_MAX / pitch
}

/** The same camera within what makes sense: not beyond the map, not too near, not too far. */
export function clamp(camera: Camera, bounds: Box, viewport: Viewport, pitch: number): Camera {
  const least = fit(bounds, viewport).scale
  const scale = Math.min(Math.max(camera.scale, least), Math.max(scaleMax(pitch), least))
  // Half a view beyond the edge, so that a seat in the corner can come to the middle.
  const along = (at: number, from: number, to: number, view: number) => {
    const free = Math.max(0, (to - from) / 2 - view * 0.1)
    const middle = (from + to) / 2
    return Math.min(Math.max(at, middle - free), middle + free)
  }
  return {
    x: along(camera.x, bounds[0], bounds[2], viewport.width / scale),
    y: along(camera.y, bounds[1], bounds[3], viewport.height / scale),
    scale,
  }
}

/** Zooms by `factor` so that what is under the point of the screen stays there. */
export function zoomAt(camera: Camera, viewport: Viewport, point: PointWire, factor: number): Camera {
  const under = toMap(camera, viewport, point)
  const scale = camera.scale * factor
  return {
    x: under.x - (point.x - viewport.width / 2) / scale,
    y: under.y - (point.y - viewport.height / 2) / scale,
    scale,
  }
}

/** Moves what is seen by so many pixels of the screen. */
export function panBy(camera: Camera, dx: number, dy: number): Camera {
  return { ...camera, x: camera.x - dx / camera.scale, y: camera.y - dy / camera.scale }
}

export function toMap(camera: Camera, viewport: Viewport, point: PointWire): PointWire {
  return {
    x: camera.x + (point.x - viewport.width / 2) / camera.scale,
    y: camera.y + (point.y - viewport.height / 2) / camera.scale,
  }
}

export function toScreen(camera: Camera, viewport: Viewport, point: PointWire): PointWire {
  return {
    x: (point.x - camera.x) * camera.scale + viewport.width / 2,
    y: (point.y - camera.y) * camera.scale + viewport.height / 2,
  }
}

/** Between two cameras at `t` of the way: the zoom runs evenly to the eye, and the aim stays on target. */
export function between(from: Camera, to: Camera, t: number): Camera {
  const scale = from.scale * (to.scale / from.scale) ** t
  const ratio = to.scale / from.scale
  // How far the middle has moved when the scale is at this point of its way.
  const moved = Math.abs(ratio - 1) < 1e-3 ? t : (1 - ratio ** -t) / (1 - 1 / ratio)
  return { x: from.x + (to.x - from.x) * moved, y: from.y + (to.y - from.y) * moved, scale }
}

/** What of the map is seen. */
export function seen(camera: Camera, viewport: Viewport): Box {
  const [halfWidth, halfHeight] = [viewport.width / 2 / camera.scale, viewport.height / 2 / camera.scale]
  return [camera.x - halfWidth, camera.y - halfHeight, camera.x + halfWidth, camera.y + halfHeight]
}
