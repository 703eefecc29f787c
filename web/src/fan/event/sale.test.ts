import { expect, test } from 'vitest'
import type { EventPage } from '../../api/types'
import { nextLookMs } from './sale'

const opensIn = (seconds: number) => {
  const now = Date.parse('2026-11-22T20:00:00Z')
  const statusChangesAt = new Date(now + seconds * 1000).toISOString()
  return nextLookMs({ statusChangesAt } as EventPage, now)
}

test('an event is looked at again as its sale opens, not half a minute later', () => {
  expect(opensIn(300)).toBe(30_000)
  expect(opensIn(10)).toBeGreaterThanOrEqual(10_000)
  expect(opensIn(10)).toBeLessThanOrEqual(11_500)
})

test('a sale that is late is asked after at short intervals, but not for ever', () => {
  expect(opensIn(-5)).toBeLessThanOrEqual(3_500)
  expect(opensIn(-3_600)).toBe(30_000)
  expect(nextLookMs({ statusChangesAt: null } as EventPage, 0)).toBe(30_000)
})
