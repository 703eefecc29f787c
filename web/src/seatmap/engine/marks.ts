import { AVAILABLE, BLOCKED, HELD, SOLD } from '../../live/frames'
import { ACCESSIBLE, COMPANION, RESTRICTED } from './plan'

/** How a seat is marked: each state has a form of its own, so that none depends on its colour. */
export const MARKS = ['disc', 'cut', 'square', 'diamond', 'ring', 'cross', 'dot'] as const

const [DISC, CUT, SQUARE, DIAMOND, RING, CROSS, DOT] = [0, 1, 2, 3, 4, 5, 6]

/** The mark of a seat, as an index into `MARKS`, by its status and its flags: `status | flags << 2`. */
export const MARK_OF = new Uint8Array(32)
for (let flags = 0; flags < 8; flags++) {
  MARK_OF[AVAILABLE | (flags << 2)] =
    flags & ACCESSIBLE ? SQUARE : flags & COMPANION ? DIAMOND : flags & RESTRICTED ? CUT : DISC
  MARK_OF[HELD | (flags << 2)] = RING
  MARK_OF[SOLD | (flags << 2)] = CROSS
  MARK_OF[BLOCKED | (flags << 2)] = DOT
}

/** Places between two pixels that a mark can be drawn at, each way. */
export const PHASES = 4

/** How much of each pixel a mark covers, `width` pixels a line and as many lines. */
interface Mask {
  readonly width: number
  readonly alpha: Uint8Array
}

/** Masks for marks of one size. */
interface Masks {
  /** Across, in pixels. */
  readonly size: number
  /** Pixels that a mark reaches to the left of and above the pixel its seat is in. */
  readonly reach: number
  /** Made when first used: `mark * PHASES * PHASES + phaseY * PHASES + phaseX`. */
  readonly made: (Mask | undefined)[]
}

const SIZES_MAX = 64
const bySize = new Map<number, Masks>()

/** Masks for marks of about `size` pixels across. */
export function masksOf(size: number): Masks {
  const step = size < 16 ? 4 : 1
  const rounded = Math.max(1, Math.round(size * step) / step)
  let masks = bySize.get(rounded)
  if (!masks) {
    // A zoom goes through many sizes and comes back to few.
    if (bySize.size >= SIZES_MAX) bySize.clear()
    masks = { size: rounded, reach: Math.ceil(rounded / 2) + 1, made: [] }
    bySize.set(rounded, masks)
  }
  return masks
}

export function maskOf(masks: Masks, mark: number, phase: number): Mask {
  const at = mark * PHASES * PHASES + phase
  let mask = masks.made[at]
  if (!mask) {
    mask = makeMask(mark, masks, (phase % PHASES) / PHASES, Math.floor(phase / PHASES) / PHASES)
    masks.made[at] = mask
  }
  return mask
}

function makeMask(mark: number, { size, reach }: Masks, phaseX: number, phaseY: number): Mask {
  const width = reach * 2 + 1
  const alpha = new Uint8Array(width * width)
  const radius = size / 2
  for (let row = 0; row < width; row++) {
    for (let column = 0; column < width; column++) {
      const distance = distanceTo(mark, column + 0.5 - reach - phaseX, row + 0.5 - reach - phaseY, radius)
      alpha[row * width + column] = Math.round(255 * Math.min(1, Math.max(0, 0.5 - distance)))
    }
  }
  return { width, alpha }
}

/** How far a point is from the edge of a mark of this radius, negative inside; all in pixels. */
function distanceTo(mark: number, x: number, y: number, radius: number): number {
  switch (mark) {
    case CUT: {
      const segment = Math.max(Math.hypot(x, y) - radius, y - radius * 0.3)
      const bar = Math.max(
        Math.abs(x) - radius * 0.72,
        Math.abs(y - radius * 0.74) - Math.max(0.5, radius * 0.14),
      )
      return Math.min(segment, bar)
    }
    case SQUARE: {
      const corner = radius * 0.3
      const [dx, dy] = [Math.abs(x) - radius + corner, Math.abs(y) - radius + corner]
      return Math.hypot(Math.max(dx, 0), Math.max(dy, 0)) + Math.min(Math.max(dx, dy), 0) - corner
    }
    case DIAMOND:
      return (Math.abs(x) + Math.abs(y) - radius * 1.22) * Math.SQRT1_2
    case RING: {
      const thick = Math.max(0.45, radius * 0.13)
      return Math.abs(Math.hypot(x, y) - radius + thick) - thick
    }
    case CROSS: {
      if (radius < 2.5) return Math.hypot(x, y) - radius * 0.45
      const [u, v] = [Math.abs(x + y) * Math.SQRT1_2, Math.abs(x - y) * Math.SQRT1_2]
      const thick = Math.max(0.5, radius * 0.13)
      const arm = radius * 0.62
      return Math.min(Math.max(u - arm, v - thick), Math.max(v - arm, u - thick))
    }
    case DOT:
      return Math.hypot(x, y) - Math.max(0.5, radius * 0.22)
    default:
      return Math.hypot(x, y) - radius
  }
}
