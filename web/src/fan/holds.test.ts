import { afterEach, expect, test, vi } from 'vitest'
import { Problem } from '../api/problem'
import type { Hold } from '../api/types'
import { hear } from '../lib/clock'
import { askAgainMs, awaitHolds, holdQuery, payableTogether } from './holds'

const NOW = Date.parse('2026-11-22T20:00:00Z')
const hold = (change: Partial<Hold>): Hold => ({
  id: 'hld_a',
  eventId: 'evt_a',
  status: 'held',
  seats: [],
  areas: [],
  total: { amount: 100, currency: 'EUR' },
  expiresAt: '2026-11-22T20:05:00Z',
  ...change,
})

afterEach(() => {
  vi.useRealTimers()
  localStorage.clear()
})

test('holds are asked about when the first ends, and then again until the server says it has', () => {
  vi.useFakeTimers({ now: NOW })
  expect(askAgainMs([], null)).toBe(false)
  expect(askAgainMs([hold({ status: 'expired' })], null)).toBe(false)
  expect(askAgainMs([hold({}), hold({ expiresAt: '2026-11-22T20:02:00Z' })], null)).toBe(120_000)
  expect(askAgainMs([hold({ expiresAt: '2026-11-22T19:59:00Z' })], null)).toBe(1_000)
  const busy = new Problem('rate_limited', 429, undefined, 20)
  expect(askAgainMs([hold({ expiresAt: '2026-11-22T19:59:00Z' })], busy)).toBe(20_000)
})

test('the end of a hold is counted by the clock of the server', () => {
  vi.useFakeTimers({ now: NOW + 10 * 60_000 })
  hear(new Response('', { headers: { Date: new Date(NOW).toUTCString() } }), Date.now())
  const wait = Number(askAgainMs([hold({})], null))
  expect(Math.abs(wait - 5 * 60_000)).toBeLessThan(2_000)
})

test('a hold on its way to the account is asked about again for some seconds, and another is not', () => {
  vi.useFakeTimers({ now: NOW })
  const absent = new Problem('not_found', 404)
  const asksAgain = (id: string) => {
    const { retry } = holdQuery(id)
    return typeof retry === 'function' && retry(5, absent)
  }
  awaitHolds(['hld_late'])
  expect([asksAgain('hld_late'), asksAgain('hld_a')]).toEqual([true, false])
  vi.advanceTimersByTime(30_000)
  expect(asksAgain('hld_late')).toBe(false)
})

test('one order pays what is held in one currency, and no more holds than it takes', () => {
  const dollars = hold({ id: 'hld_b', total: { amount: 5, currency: 'USD' } })
  expect(payableTogether([hold({}), dollars, hold({ id: 'hld_c' })])).toEqual(['hld_a', 'hld_c'])
  expect(payableTogether(Array.from({ length: 12 }, (_, n) => hold({ id: `hld_${n}` })))).toHaveLength(10)
  expect(payableTogether([])).toEqual([])
})
