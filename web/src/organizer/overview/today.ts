import { queryOptions } from '@tanstack/react-query'
import type { Order } from '../../api/types'
import { readOrders } from '../queries'

/** Pages of orders that are read at most: a day that sold more is said to be more. */
const PAGES = 5
const REFRESH_MS = 60_000

/** Orders since midnight by the reader's clock, newest first. */
export const todayQuery = (org: string) =>
  queryOptions({
    queryKey: ['me', 'org', org, 'today'],
    queryFn: async ({ signal }) => {
      const midnight = new Date().setHours(0, 0, 0, 0)
      const orders: Order[] = []
      let cursor: string | undefined
      for (let page = 0; page < PAGES; page++) {
        const read = await readOrders(org, {}, cursor, signal)
        const fresh = read.items.filter((order) => Date.parse(order.placedAt) >= midnight)
        orders.push(...fresh)
        cursor = read.nextCursor ?? undefined
        if (!cursor || fresh.length < read.items.length) return { orders, isAll: true }
      }
      return { orders, isAll: false }
    },
    refetchInterval: REFRESH_MS,
  })
