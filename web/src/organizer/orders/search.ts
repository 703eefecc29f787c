export const STATUSES = [
  'completed',
  'partially_refunded',
  'refunded',
  'pending',
  'needs_buyer',
  'declined',
  'cancelled',
] as const

export type OrderStatus = (typeof STATUSES)[number]

/** What stands in the address, so that what was found can be sent to somebody. */
export type OrderSearch = {
  event?: string
  status?: OrderStatus
  /** Instants: placed then or later, and before. */
  from?: string
  to?: string
}

/** The same with what is personal, which stands in no address. */
export type OrderFilter = OrderSearch & { email?: string }

const text = (value: unknown): string | undefined => (typeof value === 'string' && value ? value : undefined)
const instant = (value: unknown): string | undefined =>
  typeof value === 'string' && !Number.isNaN(Date.parse(value)) ? new Date(value).toISOString() : undefined

export function orderSearch(search: Record<string, unknown>): OrderSearch {
  return {
    event: text(search.event),
    status: STATUSES.find((status) => status === search.status),
    from: instant(search.from),
    to: instant(search.to),
  }
}
