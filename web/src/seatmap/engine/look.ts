/** Everything the map is drawn in. Colours are CSS colours that a canvas understands. */
export interface Look {
  /** Of the page behind, of a section's plate, and its edge. */
  paper: string
  plate: string
  edge: string
  /** Of what is sold out. */
  sunk: string
  ink: string
  quiet: string
  held: string
  sold: string
  blocked: string
  /** What the viewer picked, and what is written on it. */
  pick: string
  onPick: string
  focus: string
  focusGap: string
  stage: string
  onStage: string
  hatch: string
  levels: readonly string[]
  onLevels: readonly string[]
  /** From nothing sold to all of it. */
  heat: readonly string[]
  onHeat: readonly string[]
  font: string
  display: string
  /** The reader forces colours: fills say nothing, lines and forms do. */
  isForced: boolean
}

const LEVELS = 6
const HEAT = 5

/** Reads the look from the tokens in force at `element`. */
export function lookOf(element: Element): Look {
  const style = getComputedStyle(element)
  const token = (name: string) => style.getPropertyValue(name).trim()
  const many = (name: string, count: number) =>
    Array.from({ length: count }, (_, at) => token(`${name}-${at + 1}`))
  return {
    paper: token('--map-paper'),
    plate: token('--map-plate'),
    edge: token('--map-edge'),
    sunk: token('--map-sunk'),
    ink: token('--map-ink'),
    quiet: token('--map-quiet'),
    held: token('--map-held'),
    sold: token('--map-sold'),
    blocked: token('--map-blocked'),
    pick: token('--map-pick'),
    onPick: token('--map-on-pick'),
    focus: token('--map-focus'),
    focusGap: token('--map-focus-gap'),
    stage: token('--map-stage'),
    onStage: token('--map-on-stage'),
    hatch: token('--map-hatch'),
    levels: many('--map-level', LEVELS),
    onLevels: many('--map-on-level', LEVELS),
    heat: many('--map-heat', HEAT),
    onHeat: many('--map-on-heat', HEAT),
    font: token('--font-text') || 'sans-serif',
    display: token('--font-display') || 'sans-serif',
    isForced: matchMedia('(forced-colors: active)').matches,
  }
}

let probe: CanvasRenderingContext2D | null | undefined
const known = new Map<string, readonly [number, number, number]>()

/** A CSS colour as red, green and blue, each 0 to 255. */
export function rgbOf(color: string): readonly [number, number, number] {
  let rgb = known.get(color)
  if (!rgb) {
    probe ??= Object.assign(document.createElement('canvas'), { width: 1, height: 1 }).getContext('2d', {
      willReadFrequently: true,
    })
    if (!probe) return [128, 128, 128]
    probe.fillStyle = color
    probe.fillRect(0, 0, 1, 1)
    const [red = 0, green = 0, blue = 0] = probe.getImageData(0, 0, 1, 1).data
    rgb = [red, green, blue]
    known.set(color, rgb)
  }
  return rgb
}

/** `share` of `one` over `other`, as a CSS colour. */
export function mix(one: string, other: string, share: number): string {
  const [a, b] = [rgbOf(one), rgbOf(other)]
  const part = (at: 0 | 1 | 2) => Math.round(a[at] * share + b[at] * (1 - share))
  return `rgb(${part(0)} ${part(1)} ${part(2)})`
}

/** As a pixel of image data: its bytes are red, green, blue; without opacity. */
export function pixelOf(color: string): number {
  const [red, green, blue] = rgbOf(color)
  return (red | (green << 8) | (blue << 16)) >>> 0
}
