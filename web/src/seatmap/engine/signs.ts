import { AVAILABLE, HELD } from '../../live/frames'
import { NAMES_UNTIL, NUMBERS_FROM, ROWS_FROM, seatShare } from './detail'
import { areaFillOf, fillOf, type Ground, heatStep } from './ground'
import type { SeatIndex } from './hit'
import type { Place } from './ink'
import { type Look, rgbOf } from './look'
import { ACCESSIBLE, type Box, labelOf } from './plan'
import { boxOfShape, meets, middleOf } from './shapes'

/** What is written on the map needs besides what lies below. */
export interface Signs extends Ground {
  readonly index: SeatIndex
  /** How a number of free places is put into words, short: `12`. */
  readonly count: (count: number) => string
  readonly percent: (share: number) => string
}

/** A person in a wheelchair, in a square of one around nothing. */
const WHEELCHAIR =
  'M-.1-.42a.09.09 0 1 0 .01 0M-.08-.2-.05.1h.24l.13.26.09-.04M-.06-.06h.2M-.13 0a.23.23 0 1 0 .31.31'
let wheelchair: Path2D | undefined
/** Of a section's name, what the number below it is high. */
const SMALL = 0.72

/** Writes what belongs on `box`; the context is set to device pixels. `ratio`: device pixels a CSS pixel. */
export function drawSigns(
  context: CanvasRenderingContext2D,
  signs: Signs,
  box: Box,
  place: Place,
  ratio: number,
): void {
  const { plan } = signs.scene
  const pitch = (plan.pitch * place.scale) / ratio
  context.textAlign = 'center'
  context.textBaseline = 'middle'
  writeDecorations(context, signs, box, place, ratio)
  writeAreas(context, signs, box, place, ratio)
  if (signs.heat || pitch < NAMES_UNTIL) writeSections(context, signs, box, place, ratio)
  if (signs.heat) return
  if (pitch >= ROWS_FROM) writeRows(context, signs, box, place, ratio)
  if (pitch >= NUMBERS_FROM * 0.6) writeSeats(context, signs, box, place, pitch >= NUMBERS_FROM)
}

function writeDecorations(
  context: CanvasRenderingContext2D,
  { scene, look }: Signs,
  box: Box,
  place: Place,
  ratio: number,
): void {
  for (const { shape, text } of scene.plan.decorations) {
    const around = boxOfShape(shape)
    if (!text || !meets(around, box)) continue
    const middle = middleOf(around)
    const isLabel = shape.type === 'label'
    const room = isLabel ? Infinity : (around[2] - around[0]) * place.scale
    const height = isLabel ? Infinity : (around[3] - around[1]) * place.scale
    const size = Math.min(22 * ratio, height * 0.4, (room * 1.4) / text.length)
    if (size < 7 * ratio) continue
    context.font = `700 ${size}px ${look.display}`
    context.fillStyle = isLabel ? look.quiet : look.onStage
    context.letterSpacing = `${size * 0.12}px`
    context.fillText(text.toUpperCase(), ...at(middle.x, middle.y, place))
    context.letterSpacing = '0px'
  }
}

function writeAreas(
  context: CanvasRenderingContext2D,
  signs: Signs,
  box: Box,
  place: Place,
  ratio: number,
): void {
  const { scene, look } = signs
  scene.plan.areas.forEach((area, index) => {
    if (!area.shape) return
    const around = boxOfShape(area.shape)
    if (!meets(around, box)) return
    const left = signs.areas.get(area.id) ?? area.capacity
    const level = scene.plan.levels.findIndex(({ key }) => key === area.level)
    const heat = signs.heat?.[scene.plan.sections.length + index]
    const middle = middleOf(around)
    const width = (around[2] - around[0]) * place.scale
    const height = (around[3] - around[1]) * place.scale
    const size = Math.min(20 * ratio, height * 0.3, (width * 1.5) / area.name.length)
    if (size < 7 * ratio) return
    const [x, y] = at(middle.x, middle.y, place)
    context.fillStyle =
      heat === undefined
        ? inkOn(look, areaFillOf(signs, level, left / area.capacity))
        : look.onHeat[heatStep(look, heat)]!
    context.font = `700 ${size}px ${look.font}`
    context.fillText(area.name, x, y - size * 0.6)
    context.font = `500 ${size * 0.72}px ${look.font}`
    context.fillText(heat === undefined ? signs.count(left) : signs.percent(heat), x, y + size * 0.55)
  })
}

function writeSections(
  context: CanvasRenderingContext2D,
  signs: Signs,
  box: Box,
  place: Place,
  ratio: number,
): void {
  for (const [index, section] of signs.scene.plan.sections.entries()) {
    if (meets(section.box, box)) writeSection(context, signs, index, place, ratio)
  }
}

/** A section's name; over seats it stands on a plate of its own, which hides what was there before. */
export function writeSection(
  context: CanvasRenderingContext2D,
  signs: Signs,
  index: number,
  place: Place,
  ratio: number,
): void {
  const { scene, look, counts } = signs
  const section = scene.plan.sections[index]!
  const onSeats = signs.heat ? 0 : seatShare((scene.plan.pitch * place.scale) / ratio)
  if (onSeats > 0 && section.tables.length > 0) return
  const room = section.room * place.scale
  const name = section.id
  const withCount = Math.min(17 * ratio, room * 0.76, (room * 2.3) / Math.max(name.length, 2))
  const hasCount = onSeats === 0 && withCount * SMALL >= 8 * ratio
  const alone = Math.min(15 * ratio, room * 0.95, (room * 2.9) / Math.max(name.length, 2))
  const size = hasCount ? withCount : alone
  if (size < 7.5 * ratio) return
  const total = section.seatEnd - section.seatStart
  const free = counts[index * 4]!
  const heat = signs.heat?.[index]
  const [x, y] = at(section.middle.x, section.middle.y, place)
  context.textAlign = 'center'
  context.textBaseline = 'middle'
  context.font = `700 ${size}px ${look.font}`
  if (onSeats > 0) {
    const width = context.measureText(name).width + size
    context.globalAlpha = onSeats
    context.fillStyle = look.plate
    context.beginPath()
    context.roundRect(x - width / 2, y - size * 0.8, width, size * 1.6, size * 0.8)
    context.fill()
    context.globalAlpha = 1
    context.fillStyle = look.ink
  } else {
    const share = total === 0 ? 0 : free / total
    context.fillStyle =
      heat === undefined
        ? inkOn(look, fillOf(signs, section.level, share))
        : look.onHeat[heatStep(look, heat)]!
  }
  context.fillText(name, x, hasCount ? y - size * 0.45 : y)
  if (!hasCount) return
  context.font = `500 ${size * SMALL}px ${look.font}`
  context.fillText(heat === undefined ? signs.count(free) : signs.percent(heat), x, y + size * 0.55)
}

/** A row's name stands at both its ends. */
function writeRows(
  context: CanvasRenderingContext2D,
  { scene, look }: Signs,
  box: Box,
  place: Place,
  ratio: number,
): void {
  const { plan } = scene
  context.fillStyle = look.quiet
  context.font = `600 ${Math.min(13, Math.max(9, (plan.pitch * place.scale) / ratio / 2)) * ratio}px ${look.font}`
  for (const section of plan.sections) {
    if (!meets(section.box, box) || section.tables.length > 0) continue
    for (let row = section.rowStart; row < section.rowEnd; row++) {
      const [first, last] = [plan.rowStart[row]!, plan.rowStart[row + 1]! - 1]
      if (last <= first) continue
      for (const [end, inner] of [
        [first, first + 1],
        [last, last - 1],
      ] as const) {
        const [dx, dy] = [plan.x[end]! - plan.x[inner]!, plan.y[end]! - plan.y[inner]!]
        const length = Math.hypot(dx, dy) || 1
        const away = plan.size[end]! * 1.05
        const [x, y] = [plan.x[end]! + (dx / length) * away, plan.y[end]! + (dy / length) * away]
        if (x > box[0] && x < box[2] && y > box[1] && y < box[3])
          context.fillText(plan.rowLabel[row]!, ...at(x, y, place))
      }
    }
  }
}

function writeSeats(
  context: CanvasRenderingContext2D,
  signs: Signs,
  box: Box,
  place: Place,
  hasNumbers: boolean,
): void {
  const { scene, look, index } = signs
  const { plan, statuses, matching } = scene
  let font = ''
  for (const seat of index.within(box[0], box[1], box[2], box[3])) {
    const status = statuses[seat]
    const isAccessible = (plan.flags[seat]! & ACCESSIBLE) !== 0
    if ((status !== AVAILABLE && status !== HELD) || (!hasNumbers && !isAccessible)) continue
    const isFaded = matching !== undefined && matching[seat] === 0
    const level = plan.level[seat]! % look.levels.length
    context.fillStyle = status === HELD || isFaded ? look.quiet : look.onLevels[level]!
    const [x, y] = at(plan.x[seat]!, plan.y[seat]!, place)
    const size = plan.size[seat]! * place.scale
    if (isAccessible && status === AVAILABLE) {
      drawWheelchair(context, x, y, size)
      continue
    }
    const wanted = `600 ${Math.round(size * 0.44 * 2) / 2}px ${look.font}`
    if (wanted !== font) {
      font = wanted
      context.font = font
    }
    const isCut = (plan.flags[seat]! & 7) === 4
    context.fillText(labelOf(plan, seat), x, isCut ? y - size * 0.08 : y + size * 0.02)
  }
}

function drawWheelchair(context: CanvasRenderingContext2D, x: number, y: number, size: number): void {
  wheelchair ??= new Path2D(WHEELCHAIR)
  context.save()
  context.translate(x, y)
  context.scale(size * 0.8, size * 0.8)
  context.strokeStyle = context.fillStyle
  context.lineWidth = 0.085
  context.lineCap = 'round'
  context.lineJoin = 'round'
  context.stroke(wheelchair)
  context.restore()
}

/** Dark or light letters, whichever are read better on a colour. */
function inkOn(look: Look, fill: string): string {
  if (look.isForced) return look.ink
  const [dark, light] =
    luminance(look.ink) < luminance(look.paper) ? [look.ink, look.plate] : [look.plate, look.ink]
  const on = luminance(fill)
  const contrast = (other: number) => (Math.max(on, other) + 0.05) / (Math.min(on, other) + 0.05)
  return contrast(luminance(dark)) > contrast(luminance(light)) ? dark : light
}

/** Relative luminance. Source: WCAG 2.2. */
function luminance(color: string): number {
  const [red, green, blue] = rgbOf(color).map((part) => {
    const share = part / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  }) as [number, number, number]
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

function at(x: number, y: number, place: Place): [number, number] {
  return [(x - place.left) * place.scale, (y - place.top) * place.scale]
}
