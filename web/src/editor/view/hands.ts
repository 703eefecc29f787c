import { addArea, addDecoration, addSection, addTable } from '../model/draw'
import { mapSeats, moveThings, setFlag, setLevel } from '../model/edit'
import { boxOfSelection, find, pitchOfMap } from '../model/find'
import type { Move } from '../model/geometry'
import type { Point, Selection, Uid } from '../model/types'
import type { Board } from './board'
import { hit, under, within } from './hit'
import { handleOf } from './overlay'
import { boxOf, capacityOf, planOf, quad } from './sketch'
import { linesOf, snap } from './snap'

/** Words that new things are called by, in the reader's language. */
export interface Words {
  readonly stage: string
  readonly tables: string
  readonly size: (rows: number, seats: number) => string
}

/** A pointer that moved less is not dragged; pixels. */
const STILL = 4
const SNAP = 7
/** Reach of the brush on the screen; pixels. */
const BRUSH = 16
const TURN = 5
/** A table that is drawn by a click has so many chairs. */
const CHAIRS = 8

interface Drag {
  /** What was chosen when the pointer came down. */
  readonly chosen: Selection
  readonly from: Point
  readonly screen: Point
  move: (point: Point, event: PointerEvent) => void
  drop: (point: Point, event: PointerEvent) => void
  moved: boolean
}

/** What mouse, pen and fingers do on the canvas. Returns what ends it. */
export function followHands(board: Board, words: Words): () => void {
  const { host, editor } = board
  let drag: Drag | undefined
  let corners: Point[] = []
  let panning = false
  const fingers = new Map<number, Point>()

  const doc = () => editor.now.doc
  const level = () => ('level' in editor.now.brush ? editor.now.brush.level : doc().levels[0]?.key) ?? ''
  const px = () => 1 / board.camera.scale

  const onDown = (event: PointerEvent) => {
    host.focus({ preventScroll: true })
    fingers.set(event.pointerId, { x: event.clientX, y: event.clientY })
    if (event.isTrusted) host.setPointerCapture(event.pointerId)
    if (fingers.size > 1) {
      // The first finger meant to pinch, not to choose or to draw.
      if (drag) editor.select(drag.chosen)
      drag = undefined
      board.ghost = undefined
      return
    }
    const point = board.pointOf(event)
    const { tool, selection: chosen } = editor.now
    const begin = (move: Drag['move'], drop: Drag['drop']) => {
      drag = { chosen, from: point, screen: { x: event.clientX, y: event.clientY }, move, drop, moved: false }
    }
    if (event.button === 1 || event.button === 2 || tool === 'pan' || panning)
      begin(
        () => {},
        () => {},
      )
    else if (tool === 'select') grab(point, event, begin)
    else if (tool === 'section') begin(sketchSection, (to) => dropSection(point, to))
    else if (tool === 'stage') begin(sketchShape, (to) => dropStage(point, to))
    else if (tool === 'area') begin(sketchShape, (to, up) => dropArea(point, to, up))
    else if (tool === 'table')
      begin(
        () => {},
        (to) => dropTable(to),
      )
    else paintWith(point, begin)
  }

  const grab = (
    point: Point,
    event: PointerEvent,
    begin: (move: Drag['move'], drop: Drag['drop']) => void,
  ) => {
    const { selection, grain } = editor.now
    const box = boxOfSelection(doc(), selection)
    const handle = box && handleOf(box, px())
    if (box && handle && Math.hypot(handle.x - point.x, handle.y - point.y) < 12 * px()) {
      const around = { x: (box[0] + box[2]) / 2, y: (box[1] + box[3]) / 2 }
      const turned = (to: Point, up: PointerEvent): Move => {
        const angle = (Math.atan2(to.x - around.x, around.y - to.y) * 180) / Math.PI
        return { around, angle: up.altKey ? angle : Math.round(angle / TURN) * TURN }
      }
      begin(
        (to, up) => {
          board.ghost = { kind: 'move', move: turned(to, up), guides: {} }
        },
        (to, up) => editor.run('turn', (now, chosen) => moveThings(now, chosen, turned(to, up))),
      )
      return
    }
    const target = hit(doc(), point, grain)
    const isChosen = target !== undefined && owns(selection, target)
    if (event.shiftKey && target !== undefined) {
      const next = new Set(selection)
      if (!next.delete(target)) next.add(target)
      editor.select(next)
      return
    }
    if (target === undefined) {
      begin(
        (to) => {
          board.ghost = { kind: 'marquee', box: boxOf(point, to) }
        },
        (to, up) => {
          const found = within(doc(), boxOf(point, to), grain)
          editor.select(up.shiftKey ? [...selection, ...found] : found)
        },
      )
      return
    }
    if (!isChosen) editor.select([target])
    let lines: ReturnType<typeof linesOf> | undefined
    const moved = (to: Point, up: PointerEvent) => {
      const now = editor.now
      const around = boxOfSelection(now.doc, now.selection)
      const by = { dx: to.x - point.x, dy: to.y - point.y, guides: {} }
      if (!around || up.altKey) return by
      lines ??= linesOf(now.doc, now.selection)
      return snap(around, by.dx, by.dy, lines, SNAP * px())
    }
    begin(
      (to, up) => {
        const { dx, dy, guides } = moved(to, up)
        board.ghost = { kind: 'move', move: { dx, dy }, guides }
      },
      (to, up) => {
        const { dx, dy } = moved(to, up)
        editor.run('move', (now, chosen) => moveThings(now, chosen, { dx, dy }))
      },
    )
  }

  /** Whether a thing is chosen, itself or with what it is a part of. */
  const owns = (selection: Selection, uid: Uid): boolean => {
    if (selection.has(uid)) return true
    const found = find(doc(), uid)
    if (found?.kind === 'row') return selection.has(found.section.uid)
    return found?.kind === 'seat' && (selection.has(found.row.uid) || selection.has(found.section.uid))
  }

  const sketchSection = (to: Point) => {
    if (!drag) return
    const plan = planOf(doc(), drag.from, to, level())
    const seats = addSection({ ...doc(), sections: [] }, plan).doc.sections[0]!.rows.flatMap(
      (row) => row.seats,
    )
    board.ghost = {
      kind: 'section',
      seats,
      box: boxOf(drag.from, to),
      note: words.size(plan.rows, plan.seats),
    }
  }

  const dropSection = (from: Point, to: Point) => {
    editor.run('addSection', (now) => addSection(now, planOf(now, from, to, level())))
    editor.use({ tool: 'select', grain: 'section' })
  }

  const sketchShape = (to: Point) => {
    if (!drag) return
    board.ghost = { kind: 'shape', shape: { type: 'polygon', points: quad(boxOf(drag.from, to)) }, note: '' }
  }

  const dropStage = (from: Point, to: Point) => {
    const [left, top, right, bottom] = boxOf(from, to)
    const shape = { type: 'rectangle', x: left, y: top, width: right - left, height: bottom - top } as const
    editor.run('addDecoration', (now) => {
      const isFirst = now.decorations.length === 0
      const added = addDecoration(now, { text: words.stage, shape })
      const focalPoint = { x: (left + right) / 2, y: (top + bottom) / 2 }
      return isFirst ? { ...added, doc: { ...added.doc, focalPoint } } : added
    })
    editor.use({ tool: 'select', grain: 'section' })
  }

  const dropArea = (from: Point, to: Point, up: PointerEvent) => {
    if (Math.hypot(to.x - from.x, to.y - from.y) > STILL * 2 * px()) {
      closeArea(quad(boxOf(from, to)))
      return
    }
    const first = corners[0]
    if (first && corners.length > 2 && Math.hypot(first.x - to.x, first.y - to.y) < 12 * px())
      closeArea(corners)
    else if (up.detail < 2) {
      corners = [...corners, to]
      board.ghost = { kind: 'line', points: corners }
    }
  }

  const closeArea = (points: readonly Point[]) => {
    const capacity = capacityOf(points, pitchOfMap(doc()))
    const shape = {
      type: 'polygon' as const,
      points: points.map(({ x, y }) => ({ x: Math.round(x), y: Math.round(y) })),
    }
    editor.run('addArea', (now) => addArea(now, { name: '', capacity, level: level(), shape }))
    editor.use({ tool: 'select', grain: 'section' })
    corners = []
  }

  const dropTable = (at: Point) => {
    const home = [...editor.now.selection]
      .map((uid) => find(doc(), uid))
      .find((found) => found && 'section' in found)
    const section =
      home && 'section' in home && home.section.rows.every((row) => /^T\d/.test(row.label))
        ? home.section.uid
        : undefined
    editor.run('addTable', (now) =>
      addTable(now, {
        at,
        form: 'round',
        chairs: CHAIRS,
        spacing: pitchOfMap(now),
        level: level(),
        section: section ?? now.sections.find(({ id }) => id.startsWith('tables'))?.uid,
        sectionName: words.tables,
      }),
    )
    editor.use({ grain: 'row' })
  }

  const paintWith = (point: Point, begin: (move: Drag['move'], drop: Drag['drop']) => void) => {
    const radius = () => Math.max(BRUSH * px(), pitchOfMap(doc()) * 0.4)
    const seats = new Set(under(doc(), point, radius()))
    const show = (at: Point) => {
      board.ghost = { kind: 'brush', at, radius: radius(), seats }
    }
    const area = hit(doc(), point, 'section')
    show(point)
    begin(
      (to) => {
        for (const uid of under(doc(), to, radius())) seats.add(uid)
        show(to)
      },
      () => {
        const painted = new Set(seats)
        const found = area !== undefined ? find(doc(), area) : undefined
        if (found?.kind === 'area') painted.add(found.area.uid)
        stroke(painted)
      },
    )
  }

  const stroke = (painted: Selection) => {
    const { brush } = editor.now
    editor.run('paint', (now) => {
      if ('level' in brush) return setLevel(now, painted, brush.level)
      if (brush.flag !== 'plain') return setFlag(now, painted, brush.flag, true)
      return mapSeats(now, painted, ({ accessible: _, companion: __, restrictedView: ___, ...seat }) => seat)
    })
  }

  const onMove = (event: PointerEvent) => {
    const before = fingers.get(event.pointerId)
    if (!before) {
      if (event.pointerType === 'mouse' && editor.now.tool === 'select') {
        board.hover(hit(doc(), board.pointOf(event), editor.now.grain))
      }
      return
    }
    const at = { x: event.clientX, y: event.clientY }
    if (fingers.size > 1) {
      const other = [...fingers].find(([id]) => id !== event.pointerId)?.[1]
      fingers.set(event.pointerId, at)
      if (other) pinch(before, at, other)
      return
    }
    fingers.set(event.pointerId, at)
    if (!drag) return
    if (!drag.moved && Math.hypot(at.x - drag.screen.x, at.y - drag.screen.y) < STILL) return
    drag.moved = true
    board.hover(undefined)
    const { tool } = editor.now
    if (tool === 'pan' || panning || (event.buttons & 6) !== 0) board.panBy(at.x - before.x, at.y - before.y)
    else drag.move(board.pointOf(event), event)
  }

  const pinch = (before: Point, at: Point, other: Point) => {
    const box = host.getBoundingClientRect()
    const apart =
      Math.hypot(at.x - other.x, at.y - other.y) / (Math.hypot(before.x - other.x, before.y - other.y) || 1)
    board.panBy((at.x - before.x) / 2, (at.y - before.y) / 2)
    board.zoomBy(apart, { x: (at.x + other.x) / 2 - box.left, y: (at.y + other.y) / 2 - box.top })
  }

  const onUp = (event: PointerEvent) => {
    fingers.delete(event.pointerId)
    const done = drag
    drag = undefined
    if (!done) return
    const keepsLine = editor.now.tool === 'area'
    if (!keepsLine) board.ghost = undefined
    if (event.type === 'pointercancel') return
    const { tool } = editor.now
    const isClick = tool === 'table' || tool === 'area' || tool === 'brush'
    if (done.moved || isClick) done.drop(board.pointOf(event), event)
    else if (tool === 'select' && event.button === 0 && !event.shiftKey) {
      editor.select([hit(doc(), done.from, editor.now.grain)].filter((uid) => uid !== undefined))
    }
    if (keepsLine && corners.length === 0) board.ghost = undefined
  }

  const onWheel = (event: WheelEvent) => {
    event.preventDefault()
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1
    if (event.shiftKey) board.panBy(-(event.deltaX || event.deltaY) * lines, 0)
    else {
      const box = host.getBoundingClientRect()
      const speed = event.ctrlKey ? 0.01 : 0.0022
      const at = { x: event.clientX - box.left, y: event.clientY - box.top }
      board.zoomBy(Math.exp(-event.deltaY * lines * speed), at)
    }
  }

  const onKey = (event: KeyboardEvent) => {
    if (event.code === 'Space' && event.target === host) {
      panning = event.type === 'keydown'
      event.preventDefault()
    }
    if (event.type !== 'keydown') return
    if (event.key === 'Enter' && corners.length > 2) {
      closeArea(corners)
      board.ghost = undefined
    }
    if (event.key === 'Escape') {
      corners = []
      drag = undefined
      board.ghost = undefined
    }
  }

  const onMenu = (event: Event) => event.preventDefault()
  const onLeave = () => board.hover(undefined)
  const events: [string, EventListener][] = [
    ['pointerdown', onDown as EventListener],
    ['pointermove', onMove as EventListener],
    ['pointerup', onUp as EventListener],
    ['pointercancel', onUp as EventListener],
    ['pointerleave', onLeave],
    ['keydown', onKey as EventListener],
    ['keyup', onKey as EventListener],
    ['contextmenu', onMenu],
  ]
  for (const [name, listener] of events) host.addEventListener(name, listener)
  host.addEventListener('wheel', onWheel, { passive: false })
  return () => {
    for (const [name, listener] of events) host.removeEventListener(name, listener)
    host.removeEventListener('wheel', onWheel)
  }
}
