import type { Plan } from './plan'

/** What has become of a section's seats. */
export interface SectionCounts {
  readonly available: number
  readonly held: number
  readonly sold: number
  readonly blocked: number
}

/** Of what can be sold at all, how much is taken: 0 to 1. Blocked seats are nobody's to buy. */
export function shareTaken({ available, held, sold }: SectionCounts): number {
  const all = available + held + sold
  return all === 0 ? 0 : (held + sold) / all
}

/** The counts of one section out of `Occupancy.counts`. */
export function countsOf(counts: Uint32Array, section: number): SectionCounts {
  const at = section * 4
  return { available: counts[at]!, held: counts[at + 1]!, sold: counts[at + 2]!, blocked: counts[at + 3]! }
}

/** Shares of sections in map order, then of areas, as the map draws them. */
export function heatOfAll(plan: Plan, counts: Uint32Array, areas: ReadonlyMap<string, number>): Float32Array {
  const shares = new Float32Array(plan.sections.length + plan.areas.length)
  for (let section = 0; section < plan.sections.length; section++)
    shares[section] = shareTaken(countsOf(counts, section))
  for (const [at, area] of plan.areas.entries()) {
    shares[plan.sections.length + at] = 1 - (areas.get(area.id) ?? area.capacity) / area.capacity
  }
  return shares
}
