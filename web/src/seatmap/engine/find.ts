import { labelOf, type Plan } from './plan'

export interface Found {
  readonly section: number
  readonly row?: number
  readonly seat?: number
}

/** Words that people put before a name: "section 101 row A seat 12". */
const FILLER = new Set(['section', 'sec', 'block', 'row', 'seat', 'reihe', 'platz', 'sitz'])

/**
 * Sections, rows or seats that a text such as "101 A 12", "101-A-12" or "dress circle" means, best first.
 * The first words name the section, by its id or any part of its name; then a row, then a seat.
 */
export function find(plan: Plan, text: string, most = 8): Found[] {
  const words = fold(text)
    .split(/[\s,;/-]+/)
    .filter((word) => word !== '' && !FILLER.has(word))
  if (words.length === 0) return []
  const found: Found[] = []
  // Names have spaces: as many words as possible name the section, the rest a row and a seat.
  for (let taken = words.length; taken >= Math.max(1, words.length - 2) && found.length < most; taken--) {
    const name = words.slice(0, taken).join(' ')
    const [row, seat] = words.slice(taken)
    for (const section of sectionsNamed(plan, name)) {
      if (found.length >= most) break
      if (row === undefined) found.push({ section })
      else found.push(...seatsIn(plan, section, row, seat))
    }
  }
  return found.slice(0, most)
}

function sectionsNamed(plan: Plan, name: string): number[] {
  const exact: number[] = []
  const starts: number[] = []
  const has: number[] = []
  for (const [at, section] of plan.sections.entries()) {
    const [id, full] = [fold(section.id), fold(section.name)]
    if (id === name || full === name) exact.push(at)
    else if (id.startsWith(name) || full.startsWith(name)) starts.push(at)
    else if (name.split(' ').every((word) => full.includes(word))) has.push(at)
  }
  return [...exact, ...starts, ...has]
}

function seatsIn(plan: Plan, section: number, rowName: string, seatName: string | undefined): Found[] {
  const { rowStart, rowEnd } = plan.sections[section]!
  for (let row = rowStart; row < rowEnd; row++) {
    if (fold(plan.rowLabel[row]!) !== rowName) continue
    if (seatName === undefined) return [{ section, row }]
    for (let seat = plan.rowStart[row]!; seat < plan.rowStart[row + 1]!; seat++) {
      if (fold(labelOf(plan, seat)) === seatName) return [{ section, row, seat }]
    }
  }
  return []
}

/** Without case and accents. */
export function fold(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase().trim()
}
