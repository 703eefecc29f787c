import { expect, test } from 'vitest'
import type { Order } from '../api/types'
import { netOf, paceOf, takingsOf } from './sales'

const order = (id: string, amount: number, more: Partial<Order> = {}): Order =>
  ({
    id,
    placedAt: '2026-11-22T10:00:00Z',
    status: 'completed',
    total: { amount, currency: 'EUR' },
    refunded: { amount: 0, currency: 'EUR' },
    tickets: [{ id: `tkt_${id}`, eventId: 'evt', seat: 'A-1-1', status: 'issued' }],
    holds: [],
    lines: [],
    refunds: [],
    transactionId: '',
    ...more,
  }) as Order

test('minutes in which nothing was sold are filled in, the running one last', () => {
  const minute = (at: string, tickets: number, amount: number) => ({
    at,
    tickets,
    faceValue: { amount, currency: 'EUR' as const },
  })
  const pace = paceOf(
    [
      minute('2026-11-22T10:00:00Z', 9, 900),
      minute('2026-11-22T10:03:00Z', 2, 5700),
      minute('2026-11-22T10:05:00Z', 1, 4000),
    ],
    3,
    Date.parse('2026-11-22T10:05:30Z'),
  )
  expect(pace.tickets).toEqual([2, 0, 1])
  expect(pace.revenue).toEqual([5700, 0, 4000])
  expect(pace.at.at(-1)).toBe(Date.parse('2026-11-22T10:05:00Z') / 1000)
})

test('takings are what orders brought and what went back; a declined one brought nothing', () => {
  const [takings] = takingsOf([
    order('a', 1000, { status: 'refunded', refunded: { amount: 1000, currency: 'EUR' } }),
    order('b', 500),
    order('c', 700, { status: 'declined' }),
  ])
  expect(takings).toMatchObject({ orders: 2, tickets: 2, gross: 1500, refunded: 1000 })
  expect(takings && netOf(takings)).toEqual({ amount: 500, currency: 'EUR' })
})

test('currencies are not added', () => {
  const yen = order('y', 9000, { total: { amount: 9000, currency: 'JPY' } })
  expect(takingsOf([yen, order('a', 1000)]).map(({ currency }) => currency)).toEqual(['JPY', 'EUR'])
})
