import { type Camera, seen, type Viewport } from '../../seatmap/engine/camera'
import { Ink } from '../../seatmap/engine/ink'
import { type Look, mix } from '../../seatmap/engine/look'
import { boxOfSection, tableTops } from '../model/find'
import { type Box, boxOfShape, meets, middleOf } from '../model/shape'
import type { Doc, Shape, Uid } from '../model/types'
import { plateOf, sceneOf } from './scene'

/** A seat this wide on the screen has room for its label; pixels. */
const LABELLED = 19
/** Rows this far apart have room for theirs. */
const ROW_LABELLED = 11

/** Draws the document: the sheet it lies on, what is not sold, areas, sections and their seats. */
export class Painter {
  readonly #ink = new Ink()
  #tops: { doc: Doc; uids: ReadonlySet<Uid> } | undefined
  #dressed: { look: Look; levels: number } | undefined

  paint(
    context: CanvasRenderingContext2D,
    doc: Doc,
    camera: Camera,
    viewport: Viewport,
    ratio: number,
    look: Look,
  ) {
    const scene = sceneOf(doc)
    const scale = camera.scale * ratio
    const [width, height] = [Math.round(viewport.width * ratio), Math.round(viewport.height * ratio)]
    const view = seen(camera, viewport)
    this.#dress(look, doc.levels.length)
    context.setTransform(1, 0, 0, 1, 0, 0)
    context.fillStyle = look.paper
    context.fillRect(0, 0, width, height)
    context.setTransform(scale, 0, 0, scale, -view[0] * scale, -view[1] * scale)
    this.#sheet(context, doc, view, scene.pitch, camera.scale, look)
    const line = 1 / camera.scale
    const tops = this.#topsOf(doc)
    const drawn = doc.decorations.filter(({ shape }) => meets(boxOfShape(shape), grown(view, 200)))
    for (const { uid, shape, text } of drawn) {
      if (tops.has(uid)) continue
      fill(context, shape, look.stage, undefined, line)
      if (text) this.#name(context, text, shape, look.onStage, look, camera.scale)
    }
    for (const area of doc.areas) {
      if (!area.shape || !meets(boxOfShape(area.shape), view)) continue
      const color = levelColor(doc, area.level, look)
      fill(context, area.shape, mix(color, look.plate, 0.28), color, line * 1.5)
      this.#name(context, `${area.name} · ${area.capacity}`, area.shape, look.ink, look, camera.scale)
    }
    for (const section of doc.sections) {
      if (!meets(boxOfSection(section), view)) continue
      outline(context, plateOf(section).outline)
      context.fillStyle = look.plate
      context.fill()
      context.strokeStyle = look.edge
      context.lineWidth = line
      context.stroke()
    }
    // A table stands on the ground of its section.
    for (const { uid, shape } of drawn) if (tops.has(uid)) fill(context, shape, look.edge, look.quiet, line)
    context.setTransform(1, 0, 0, 1, 0, 0)
    this.#ink.resize(width, height)
    this.#ink.write(scene, { left: view[0], top: view[1], scale }, [0, 0, width, height])
    context.drawImage(this.#ink.canvas, 0, 0)
    context.setTransform(ratio, 0, 0, ratio, 0, 0)
    this.#labels(context, doc, view, camera.scale, look)
  }

  #topsOf(doc: Doc): ReadonlySet<Uid> {
    if (this.#tops?.doc !== doc) {
      this.#tops = { doc, uids: tableTops(doc, new Set(doc.sections.map(({ uid }) => uid))) }
    }
    return this.#tops.uids
  }

  #dress(look: Look, levels: number): void {
    if (this.#dressed?.look === look && this.#dressed.levels === levels) return
    this.#dressed = { look, levels }
    const colors = Array.from({ length: levels }, (_, at) => look.levels[at % look.levels.length]!)
    this.#ink.dress({ ...look, levels: [...colors, look.quiet] }, levels + 1)
  }

  #sheet(
    context: CanvasRenderingContext2D,
    doc: Doc,
    view: Box,
    pitch: number,
    scale: number,
    look: Look,
  ): void {
    context.fillStyle = mix(look.plate, look.paper, 0.5)
    context.fillRect(0, 0, doc.width, doc.height)
    // Wider apart the further out: at least so many pixels.
    const step = pitch * 2 ** Math.max(0, Math.ceil(Math.log2(26 / (pitch * scale))))
    const dot = 1.5 / scale
    context.fillStyle = look.edge
    const [left, top] = [
      Math.max(0, Math.ceil(view[0] / step) * step),
      Math.max(0, Math.ceil(view[1] / step) * step),
    ]
    for (let x = left; x <= Math.min(view[2], doc.width); x += step) {
      for (let y = top; y <= Math.min(view[3], doc.height); y += step)
        context.fillRect(x - dot / 2, y - dot / 2, dot, dot)
    }
    context.strokeStyle = look.edge
    context.lineWidth = 1 / scale
    context.strokeRect(0, 0, doc.width, doc.height)
    if (doc.focalPoint) focus(context, doc.focalPoint.x, doc.focalPoint.y, scale, look.ink)
  }

  #name(
    context: CanvasRenderingContext2D,
    text: string,
    shape: Shape,
    color: string,
    look: Look,
    scale: number,
  ) {
    const box = boxOfShape(shape)
    const { x, y } = shape.type === 'label' ? shape : middleOf(box)
    const room = shape.type === 'label' ? 400 : (box[2] - box[0]) * 0.86
    const turn = shape.type === 'rectangle' || shape.type === 'ellipse' ? (shape.rotation ?? 0) : 0
    context.save()
    context.translate(x, y)
    if (turn) context.rotate((turn * Math.PI) / 180)
    context.font = `700 100px ${look.display}`
    const wide = context.measureText(text).width / 100
    const size = Math.min(26 / scale, room / wide, shape.type === 'label' ? 80 : (box[3] - box[1]) * 0.5)
    if (size * scale >= 8) {
      context.font = `700 ${size}px ${look.display}`
      context.textAlign = 'center'
      context.textBaseline = 'middle'
      context.fillStyle = shape.type === 'label' ? look.ink : color
      context.fillText(text, 0, 0)
    }
    context.restore()
  }

  #labels(context: CanvasRenderingContext2D, doc: Doc, view: Box, scale: number, look: Look): void {
    const at = (x: number, y: number) => [(x - view[0]) * scale, (y - view[1]) * scale] as const
    context.textAlign = 'center'
    context.textBaseline = 'middle'
    for (const section of doc.sections) {
      if (!meets(boxOfSection(section), view)) continue
      const plate = plateOf(section)
      const seat = (plate.size[0] ?? 0) * scale
      if (seat < ROW_LABELLED) {
        this.#sectionName(
          context,
          [section.name, section.id],
          ...at(plate.middle.x, plate.middle.y),
          plate.room * scale,
          look,
        )
        continue
      }
      for (const row of section.rows) {
        const [first, second] = [row.seats[0], row.seats[1]]
        if (!first) continue
        const away = second ? Math.hypot(first.x - second.x, first.y - second.y) || 1 : 1
        const [dx, dy] = second ? [(first.x - second.x) / away, (first.y - second.y) / away] : [-1, 0]
        const [x, y] = at(first.x, first.y)
        context.font = `650 ${Math.min(14, seat * 0.7)}px ${look.font}`
        context.fillStyle = look.quiet
        context.fillText(row.label, x + dx * seat * 1.25, y + dy * seat * 1.25)
        if (seat < LABELLED) continue
        context.font = `600 ${Math.min(15, seat * 0.46)}px ${look.font}`
        for (const one of row.seats) {
          if (one.x < view[0] || one.x > view[2] || one.y < view[1] || one.y > view[3]) continue
          const index = doc.levels.findIndex(({ key }) => key === one.level)
          context.fillStyle = index < 0 ? look.paper : look.onLevels[index % look.onLevels.length]!
          context.fillText(one.label, ...at(one.x, one.y))
        }
      }
    }
  }

  /** The first of the names that there is room for. */
  #sectionName(
    context: CanvasRenderingContext2D,
    names: readonly string[],
    x: number,
    y: number,
    room: number,
    look: Look,
  ): void {
    const size = Math.min(20, Math.max(10, room * 0.9))
    context.font = `750 ${size}px ${look.display}`
    const name = names.find((one) => context.measureText(one).width <= Math.max(30, room * 3))
    if (!name) return
    const wide = context.measureText(name).width
    context.globalAlpha = 0.88
    context.fillStyle = look.plate
    context.beginPath()
    context.roundRect(x - wide / 2 - 5, y - size * 0.72, wide + 10, size * 1.44, size * 0.4)
    context.fill()
    context.globalAlpha = 1
    context.fillStyle = look.ink
    context.fillText(name, x, y + size * 0.06)
  }
}

function levelColor(doc: Doc, key: string, look: Look): string {
  const at = doc.levels.findIndex((level) => level.key === key)
  return at < 0 ? look.quiet : look.levels[at % look.levels.length]!
}

export function outline(context: CanvasRenderingContext2D, points: ArrayLike<number>): void {
  context.beginPath()
  for (let at = 0; at < points.length; at += 2) context.lineTo(points[at]!, points[at + 1]!)
  context.closePath()
}

/** The path of a shape; nothing for a label. */
export function trace(context: CanvasRenderingContext2D, shape: Shape): void {
  context.beginPath()
  if (shape.type === 'polygon') {
    for (const { x, y } of shape.points) context.lineTo(x, y)
    context.closePath()
  } else if (shape.type === 'ellipse') {
    context.ellipse(
      shape.x,
      shape.y,
      shape.rx,
      shape.ry,
      ((shape.rotation ?? 0) * Math.PI) / 180,
      0,
      2 * Math.PI,
    )
  } else if (shape.type === 'rectangle') {
    context.save()
    context.translate(shape.x, shape.y)
    context.rotate(((shape.rotation ?? 0) * Math.PI) / 180)
    context.rect(0, 0, shape.width, shape.height)
    context.restore()
  }
}

function fill(
  context: CanvasRenderingContext2D,
  shape: Shape,
  color: string,
  edge: string | undefined,
  width: number,
) {
  trace(context, shape)
  context.fillStyle = color
  context.fill()
  if (!edge) return
  context.strokeStyle = edge
  context.lineWidth = width
  context.stroke()
}

/** Where everyone looks: a small eye of two rings. */
function focus(context: CanvasRenderingContext2D, x: number, y: number, scale: number, color: string): void {
  context.strokeStyle = color
  context.fillStyle = color
  context.lineWidth = 1.5 / scale
  context.beginPath()
  context.arc(x, y, 7 / scale, 0, 2 * Math.PI)
  context.stroke()
  context.beginPath()
  context.arc(x, y, 2.5 / scale, 0, 2 * Math.PI)
  context.fill()
}

const grown = (box: Box, by: number): Box => [box[0] - by, box[1] - by, box[2] + by, box[3] + by]
