/**
 * Whether accessible and companion places are sold to everyone at `now`, as the server sees it. `hasStandardOpen`:
 * whether any other seat can still be had; asked only where the rule depends on it.
 */
export function accessibleReleased(rule: string, now: number, hasStandardOpen: () => boolean): boolean {
  switch (rule) {
    case 'never':
      return false
    case 'always':
      return true
    case 'rest_sold_out':
      return !hasStandardOpen()
    default:
      return Date.parse(rule) <= now
  }
}
