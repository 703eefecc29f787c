import { boxOfFound, boxOfSection } from '../model/find'
import type { Box } from '../model/shape'
import type { Doc, Selection } from '../model/types'

/** Lines that something being moved holds on to. */
export interface Guides {
  readonly x?: number
  readonly y?: number
}

interface Snapped {
  readonly dx: number
  readonly dy: number
  readonly guides: Guides
}

interface Lines {
  readonly x: readonly number[]
  readonly y: readonly number[]
}

/** Edges and middles of all that stays where it is, and the map's own. */
export function linesOf(doc: Doc, moving: Selection): Lines {
  const boxes = [
    ...doc.sections.filter(({ uid }) => !moving.has(uid)).map(boxOfSection),
    ...doc.areas.filter(({ uid }) => !moving.has(uid)).map((area) => boxOfFound({ kind: 'area', area })),
    ...doc.decorations
      .filter(({ uid }) => !moving.has(uid))
      .map((decoration) => boxOfFound({ kind: 'decoration', decoration })),
  ].filter((box) => Number.isFinite(box[0]))
  const along = (from: 0 | 1, to: 2 | 3) =>
    boxes.flatMap((box) => [box[from], (box[from] + box[to]) / 2, box[to]])
  return {
    x: [...along(0, 2), doc.width / 2, doc.focalPoint?.x ?? doc.width / 2],
    y: [...along(1, 3), doc.height / 2],
  }
}

/** Moves a box that is on its way by a little more or less, so that it lines up. */
export function snap(box: Box, dx: number, dy: number, lines: Lines, reach: number): Snapped {
  const one = nearest([box[0] + dx, (box[0] + box[2]) / 2 + dx, box[2] + dx], lines.x, reach)
  const two = nearest([box[1] + dy, (box[1] + box[3]) / 2 + dy, box[3] + dy], lines.y, reach)
  return {
    dx: dx + (one?.by ?? 0),
    dy: dy + (two?.by ?? 0),
    guides: { ...(one && { x: one.line }), ...(two && { y: two.line }) },
  }
}

function nearest(edges: readonly number[], lines: readonly number[], reach: number) {
  let best: { by: number; line: number } | undefined
  for (const line of lines) {
    for (const edge of edges) {
      const by = line - edge
      if (Math.abs(by) <= reach && (!best || Math.abs(by) < Math.abs(best.by))) best = { by, line }
    }
  }
  return best
}
