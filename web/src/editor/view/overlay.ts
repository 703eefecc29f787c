import { type Camera, seen, type Viewport } from '../../seatmap/engine/camera'
import type { Look } from '../../seatmap/engine/look'
import { boxOfSelection, find, isTable, tableTop } from '../model/find'
import { type Move, movePoint, moveShape } from '../model/geometry'
import type { Box } from '../model/shape'
import type { Doc, Point, Selection, Shape, Uid } from '../model/types'
import { outline, trace } from './paint'
import { plateOf } from './scene'
import type { Guides } from './snap'

/** What the hand is doing at the moment, drawn over the document until it is done. */
export type Ghost =
  | { kind: 'move'; move: Move; guides: Guides }
  | { kind: 'marquee'; box: Box }
  | { kind: 'section'; seats: readonly Point[]; box: Box; note: string }
  | { kind: 'shape'; shape: Shape; note: string }
  | { kind: 'line'; points: readonly Point[] }
  | { kind: 'brush'; at: Point; radius: number; seats: ReadonlySet<Uid> }

/** Up to so many seats are drawn one by one while they move. */
const GHOSTS_MAX = 4_000
/** Seats of a chosen row get a ring each from this radius on; below it the row gets one line. Pixels. */
const RINGED = 8
/** How far above what is chosen the handle stands that turns it; pixels. */
const HANDLE = 34

export function paintOverlay(
  context: CanvasRenderingContext2D,
  doc: Doc,
  selection: Selection,
  ghost: Ghost | undefined,
  hovered: Uid | undefined,
  camera: Camera,
  viewport: Viewport,
  ratio: number,
  look: Look,
): void {
  const scale = camera.scale * ratio
  const view = seen(camera, viewport)
  context.setTransform(1, 0, 0, 1, 0, 0)
  context.clearRect(0, 0, context.canvas.width, context.canvas.height)
  context.setTransform(scale, 0, 0, scale, -view[0] * scale, -view[1] * scale)
  const px = 1 / camera.scale
  const move = ghost?.kind === 'move' ? ghost.move : undefined
  context.strokeStyle = look.pick
  context.fillStyle = look.pick
  if (hovered !== undefined && !selection.has(hovered) && !ghost)
    mark(context, doc, hovered, undefined, px, 1.5, look)
  for (const uid of selection) mark(context, doc, uid, move, px, 2.5, look)
  if (ghost?.kind === 'brush')
    for (const uid of ghost.seats) mark(context, doc, uid, undefined, px, 2.5, look)
  const box = move ? undefined : boxOfSelection(doc, selection)
  if (box && !ghost) frame(context, box, px, look)
  if (ghost) drawGhost(context, ghost, view, px, look)
}

function mark(
  context: CanvasRenderingContext2D,
  doc: Doc,
  uid: Uid,
  move: Move | undefined,
  px: number,
  width: number,
  look: Look,
): void {
  const found = find(doc, uid)
  if (!found) return
  const to = (point: Point) => (move ? movePoint(point, move) : point)
  context.strokeStyle = look.pick
  context.lineWidth = width * px
  if (found.kind === 'area' || found.kind === 'decoration') {
    const shape = found.kind === 'area' ? found.area.shape : found.decoration.shape
    if (!shape) return
    const now = move ? moveShape(shape, move) : shape
    trace(context, now)
    if (now.type === 'label') {
      context.beginPath()
      context.arc(now.x, now.y, 8 * px, 0, 2 * Math.PI)
    }
    stroke(context, width, px, look)
    return
  }
  if (found.kind === 'section') {
    const points = plateOf(found.section).outline
    const moved = new Float32Array(points.length)
    for (let at = 0; at < points.length; at += 2) {
      const { x, y } = to({ x: points[at]!, y: points[at + 1]! })
      moved[at] = x
      moved[at + 1] = y
    }
    outline(context, moved)
    stroke(context, width, px, look)
    if (!move) return
    const plate = plateOf(found.section)
    if (plate.x.length > GHOSTS_MAX) return
    dots(
      context,
      Array.from(plate.x, (x, at) => to({ x, y: plate.y[at]! })),
      (plate.size[0] ?? 1) / 2,
    )
    return
  }
  const size = (plateOf(found.section).size[0] ?? 1) / 2
  if (found.kind === 'seat') {
    const { x, y } = to(found.seat)
    context.beginPath()
    context.arc(x, y, size + 2.5 * px, 0, 2 * Math.PI)
    stroke(context, width, px, look)
    return
  }
  const { row } = found
  if (isTable(row)) {
    const top = tableTop(doc, row)
    if (top) {
      trace(context, move ? moveShape(top.shape, move) : top.shape)
      stroke(context, width, px, look)
    }
  }
  if (size < RINGED * px && row.seats.length > 1) {
    context.beginPath()
    for (const seat of row.seats) {
      const { x, y } = to(seat)
      context.lineTo(x, y)
    }
    stroke(context, width, px, look)
    return
  }
  for (const seat of row.seats) {
    const { x, y } = to(seat)
    context.beginPath()
    context.arc(x, y, size + 2 * px, 0, 2 * Math.PI)
    stroke(context, width * 0.8, px, look)
  }
}

/** A bright line within a dark one: seen on every ground. */
function stroke(context: CanvasRenderingContext2D, width: number, px: number, look: Look): void {
  context.strokeStyle = look.focus
  context.lineWidth = (width + 2) * px
  context.stroke()
  context.strokeStyle = look.pick
  context.lineWidth = width * px
  context.stroke()
}

function dots(context: CanvasRenderingContext2D, points: readonly Point[], radius: number): void {
  context.beginPath()
  for (const { x, y } of points) {
    context.moveTo(x + radius, y)
    context.arc(x, y, radius, 0, 2 * Math.PI)
  }
  context.globalAlpha = 0.75
  context.fill()
  context.globalAlpha = 1
}

/** Around all that is chosen, with the handle that turns it. */
function frame(context: CanvasRenderingContext2D, box: Box, px: number, look: Look): void {
  const out = 8 * px
  context.setLineDash([4 * px, 4 * px])
  context.strokeStyle = look.quiet
  context.lineWidth = px
  context.strokeRect(box[0] - out, box[1] - out, box[2] - box[0] + 2 * out, box[3] - box[1] + 2 * out)
  context.setLineDash([])
  const { x, y } = handleOf(box, px)
  context.beginPath()
  context.moveTo(x, box[1] - out)
  context.lineTo(x, y)
  context.stroke()
  context.beginPath()
  context.arc(x, y, 7 * px, 0, 2 * Math.PI)
  context.fillStyle = look.pick
  context.fill()
  context.strokeStyle = look.focus
  context.lineWidth = 2 * px
  context.stroke()
}

export function handleOf(box: Box, px: number): Point {
  return { x: (box[0] + box[2]) / 2, y: box[1] - HANDLE * px }
}

function drawGhost(context: CanvasRenderingContext2D, ghost: Ghost, view: Box, px: number, look: Look): void {
  context.lineWidth = 1.5 * px
  context.strokeStyle = look.pick
  context.fillStyle = look.pick
  switch (ghost.kind) {
    case 'move': {
      const { x, y } = ghost.guides
      context.setLineDash([6 * px, 4 * px])
      context.beginPath()
      if (x !== undefined) {
        context.moveTo(x, view[1])
        context.lineTo(x, view[3])
      }
      if (y !== undefined) {
        context.moveTo(view[0], y)
        context.lineTo(view[2], y)
      }
      context.strokeStyle = look.focus
      context.stroke()
      context.setLineDash([])
      return
    }
    case 'marquee':
      context.globalAlpha = 0.16
      context.fillRect(ghost.box[0], ghost.box[1], ghost.box[2] - ghost.box[0], ghost.box[3] - ghost.box[1])
      context.globalAlpha = 1
      context.strokeRect(ghost.box[0], ghost.box[1], ghost.box[2] - ghost.box[0], ghost.box[3] - ghost.box[1])
      return
    case 'section':
      context.strokeRect(ghost.box[0], ghost.box[1], ghost.box[2] - ghost.box[0], ghost.box[3] - ghost.box[1])
      if (ghost.seats.length <= GHOSTS_MAX) dots(context, ghost.seats, 18)
      note(context, ghost.note, ghost.box[2], ghost.box[3], px, look)
      return
    case 'shape':
      trace(context, ghost.shape)
      context.globalAlpha = 0.25
      context.fill()
      context.globalAlpha = 1
      context.stroke()
      return
    case 'line':
      context.beginPath()
      for (const { x, y } of ghost.points) context.lineTo(x, y)
      context.stroke()
      for (const { x, y } of ghost.points) {
        context.beginPath()
        context.arc(x, y, 4 * px, 0, 2 * Math.PI)
        context.fill()
      }
      return
    case 'brush':
      context.beginPath()
      context.arc(ghost.at.x, ghost.at.y, ghost.radius, 0, 2 * Math.PI)
      stroke(context, 1.5, px, look)
      return
  }
}

function note(
  context: CanvasRenderingContext2D,
  text: string,
  x: number,
  y: number,
  px: number,
  look: Look,
): void {
  context.font = `650 ${14 * px}px ${look.font}`
  const wide = context.measureText(text).width
  context.fillStyle = look.stage
  context.beginPath()
  context.roundRect(x + 8 * px, y + 8 * px, wide + 16 * px, 26 * px, 6 * px)
  context.fill()
  context.fillStyle = look.onStage
  context.textAlign = 'left'
  context.textBaseline = 'middle'
  context.fillText(text, x + 16 * px, y + 21 * px)
}
