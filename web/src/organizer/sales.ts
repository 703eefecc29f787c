import type { Money, Order } from '../api/types'
import type { Schemas } from './types'

const MINUTE = 60_000
/** Orders that stand, or stood until money went back. */
const COUNTED = new Set(['completed', 'partially_refunded', 'refunded'])

const isSale = (order: Pick<Order, 'status'>): boolean => COUNTED.has(order.status)

/** Tickets sold and face value taken in each of the last minutes, the running one last. */
export type Pace = { at: number[]; tickets: number[]; revenue: number[] }

/** Every minute of the last `count`: the server tells of those alone in which something was sold. */
export function paceOf(minutes: readonly Schemas['SalesMinuteView'][], count: number, now: number): Pace {
  const first = Math.floor(now / MINUTE) - count + 1
  const at = Array.from({ length: count }, (_, index) => ((first + index) * MINUTE) / 1000)
  const tickets = new Array<number>(count).fill(0)
  const revenue = new Array<number>(count).fill(0)
  for (const minute of minutes) {
    const slot = Math.floor(Date.parse(minute.at) / MINUTE) - first
    if (slot < 0 || slot >= count) continue
    tickets[slot] = (tickets[slot] ?? 0) + minute.tickets
    revenue[slot] = (revenue[slot] ?? 0) + minute.faceValue.amount
  }
  return { at, tickets, revenue }
}

type Takings = { currency: string; orders: number; tickets: number; gross: number; refunded: number }

/** What orders brought, by currency. */
export function takingsOf(orders: readonly Order[]): Takings[] {
  const byCurrency = new Map<string, Takings>()
  for (const order of orders) {
    if (!isSale(order)) continue
    const { currency, amount } = order.total
    const sum = byCurrency.get(currency) ?? { currency, orders: 0, tickets: 0, gross: 0, refunded: 0 }
    sum.orders += 1
    sum.tickets += order.tickets.length
    sum.gross += amount
    sum.refunded += order.refunded.amount
    byCurrency.set(currency, sum)
  }
  return [...byCurrency.values()].sort((a, b) => b.gross - a.gross)
}

export const netOf = ({ currency, gross, refunded }: Takings): Money => ({
  amount: gross - refunded,
  currency,
})
