import type { Row, Section } from './types'

/** How rows are called: numbers, A..Z AA AB.., or A..Z AA BB.. */
export type RowScheme = 'letters' | 'doubled' | 'numbers'

export interface RowNumbering {
  readonly scheme: RowScheme
  /** The first row's label. */
  readonly start: string
  /** Labels that are left out, such as I and O. */
  readonly skip: readonly string[]
  /** Whether counting begins at the last row. */
  readonly fromBack: boolean
}

export interface SeatNumbering {
  readonly start: number
  /** 1 counts on, 2 keeps to odd or even numbers. */
  readonly step: 1 | 2
  /** As seen on the map; in a row that stands upright its upper end counts as left. */
  readonly from: 'left' | 'right'
  readonly skip: readonly string[]
}

const A = 65

/** The `n`th label of a scheme, from 0. */
export function rowLabel(scheme: RowScheme, n: number): string {
  if (scheme === 'numbers') return String(n + 1)
  if (scheme === 'doubled') return String.fromCharCode(A + (n % 26)).repeat(Math.floor(n / 26) + 1)
  let label = ''
  for (let rest = n; rest >= 0; rest = Math.floor(rest / 26) - 1)
    label = String.fromCharCode(A + (rest % 26)) + label
  return label
}

/** Where a label stands in its scheme; 0 for what is none of it. */
export function rowPlace(scheme: RowScheme, label: string): number {
  if (scheme === 'numbers') return /^\d{1,6}$/.test(label) ? Math.max(0, Number(label) - 1) : 0
  const word = label.toUpperCase()
  if (!/^[A-Z]{1,4}$/.test(word)) return 0
  if (scheme === 'doubled') return (word.length - 1) * 26 + word.charCodeAt(0) - A
  return [...word].reduce((sum, letter) => sum * 26 + letter.charCodeAt(0) - A + 1, 0) - 1
}

/** Labels of so many rows, the first of them the front. */
export function rowLabels(count: number, { scheme, start, skip, fromBack }: RowNumbering): string[] {
  const left = new Set(skip.map((label) => label.toUpperCase()))
  const labels: string[] = []
  for (let n = rowPlace(scheme, start); labels.length < count; n++) {
    const label = rowLabel(scheme, n)
    // A skipped letter is left out of AI and II as well: it is read as a figure there, too.
    const isSkipped =
      left.has(label) || (scheme !== 'numbers' && [...label].some((letter) => left.has(letter)))
    if (!isSkipped || left.size >= 26) labels.push(label)
  }
  return fromBack ? labels.reverse() : labels
}

/** Labels of so many seats, left to right. */
export function seatLabels(count: number, { start, step, from, skip }: SeatNumbering): string[] {
  const left = new Set(skip)
  const labels: string[] = []
  for (let n = start; labels.length < count; n += step) {
    if (!left.has(String(n))) labels.push(String(n))
  }
  return from === 'right' ? labels.reverse() : labels
}

/** Whether the seats of a row are kept from the map's right to its left. */
function runsLeft({ seats }: Row): boolean {
  const [first, last] = [seats[0], seats.at(-1)]
  if (!first || !last) return false
  const [dx, dy] = [last.x - first.x, last.y - first.y]
  return Math.abs(dx) < Math.abs(dy) * 1e-3 ? dy < 0 : dx < 0
}

export function numberSeats(row: Row, numbering: SeatNumbering): Row {
  const labels = seatLabels(row.seats.length, numbering)
  if (runsLeft(row)) labels.reverse()
  return { ...row, seats: row.seats.map((seat, at) => ({ ...seat, label: labels[at]! })) }
}

export function numberRows(section: Section, numbering: RowNumbering): Section {
  const labels = rowLabels(section.rows.length, numbering)
  return { ...section, rows: section.rows.map((row, at) => ({ ...row, label: labels[at]! })) }
}

/** How the labels at hand seem to go on. */
export function schemeOf(labels: readonly string[]): RowScheme {
  if (labels.length > 0 && labels.every((label) => /^\d+$/.test(label))) return 'numbers'
  return labels.some((label) => label.length > 1 && new Set(label).size === 1 && label !== 'AA') &&
    !labels.includes('AB')
    ? 'doubled'
    : 'letters'
}

/** The label after those at hand: by how they go on, and free. */
export function nextRowLabel(labels: readonly string[]): string {
  const scheme = schemeOf(labels)
  const taken = new Set(labels)
  const last = Math.max(-1, ...labels.map((label) => rowPlace(scheme, label)))
  const hasNoI = scheme !== 'numbers' && labels.includes('H') && labels.includes('J') && !taken.has('I')
  for (let n = last + 1; ; n++) {
    const label = rowLabel(scheme, n)
    if (!taken.has(label) && !(hasNoI && label.includes('I'))) return label
  }
}
