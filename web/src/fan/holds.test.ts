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

/** Whether a hold that is `absent` is looked for once more. */
function asksAgain(query: typeof holdQuery, id: string, absent = new Problem('not_found', 404)): boolean {
  const { retry } = query(id)
  return typeof retry === 'function' && retry(5, absent)
}

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
  awaitHolds(['hld_late'])
  expect([asksAgain(holdQuery, 'hld_late'), asksAgain(holdQuery, 'hld_a')]).toEqual([true, false])
  vi.advanceTimersByTime(30_000)
  expect(asksAgain(holdQuery, 'hld_late')).toBe(false)
  awaitHolds(['hld_later'])
  expect(localStorage.getItem('holds coming')).not.toContain('hld_late"')
})

test('it is still awaited after a reload', async () => {
  vi.useFakeTimers({ now: NOW })
  awaitHolds(['hld_late'])
  vi.resetModules()
  const { holdQuery: reloaded } = await import('./holds')
  const absent = new (await import('../api/problem')).Problem('not_found', 404)
  expect([asksAgain(reloaded, 'hld_late', absent), asksAgain(reloaded, 'hld_a', absent)]).toEqual([
    true,
    false,
  ])
})

test.each(['{', 'null'])('what somebody else wrote there (%s) stands in nobody’s way', (text) => {
  localStorage.setItem('holds coming', text)
  expect(asksAgain(holdQuery, 'hld_late')).toBe(false)
  awaitHolds(['hld_late'])
  expect(asksAgain(holdQuery, 'hld_late')).toBe(true)
})

test('one order pays what is held in one currency, and no more holds than it takes', () => {
  const dollars = hold({ id: 'hld_b', total: { amount: 5, currency: 'USD' } })
  expect(payableTogether([hold({}), dollars, hold({ id: 'hld_c' })])).toEqual(['hld_a', 'hld_c'])
  expect(payableTogether(Array.from({ length: 12 }, (_, n) => hold({ id: `hld_${n}` })))).toHaveLength(10)
  expect(payableTogether([])).toEqual([])
})
