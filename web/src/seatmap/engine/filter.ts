import { ACCESSIBLE, COMPANION, type Plan, RESTRICTED } from './plan'

/** Which seats a reader wants to see; what is left out is drawn faintly and passed over. */
export interface Filter {
  /** Indexes of levels; none means all. */
  readonly levels: ReadonlySet<number>
  /** Only wheelchair spaces and the seats of companions. */
  readonly accessibleOnly: boolean
  readonly hidesRestricted: boolean
  /** In minor units of the event's currency. */
  readonly priceMax: number | undefined
}

export const NO_FILTER: Filter = {
  levels: new Set(),
  accessibleOnly: false,
  hidesRestricted: false,
  priceMax: undefined,
}

function isFiltering(filter: Filter): boolean {
  return (
    filter.levels.size > 0 || filter.accessibleOnly || filter.hidesRestricted || filter.priceMax !== undefined
  )
}

/** 1 for each seat that passes; nothing when all do. `prices`: of each level, in minor units. */
export function matching(
  plan: Plan,
  filter: Filter,
  prices: readonly (number | undefined)[],
): Uint8Array | undefined {
  if (!isFiltering(filter)) return undefined
  const levels = levelsPassing(plan, filter, prices)
  const seats = new Uint8Array(plan.seatCount)
  for (let seat = 0; seat < plan.seatCount; seat++) {
    const flags = plan.flags[seat]!
    const isSpecial = (flags & (ACCESSIBLE | COMPANION)) !== 0
    const passes =
      levels[plan.level[seat]!] &&
      (!filter.accessibleOnly || isSpecial) &&
      (!filter.hidesRestricted || (flags & RESTRICTED) === 0)
    seats[seat] = passes ? 1 : 0
  }
  return seats
}

export function levelsPassing(
  plan: Plan,
  filter: Filter,
  prices: readonly (number | undefined)[],
): boolean[] {
  return plan.levels.map((_, level) => {
    const price = prices[level]
    if (filter.levels.size > 0 && !filter.levels.has(level)) return false
    return filter.priceMax === undefined || (price !== undefined && price <= filter.priceMax)
  })
}
