import { beforeEach, expect, test } from 'vitest'
import { Problem } from '../../api/problem'
import { endAttempt, keepAttempt, keptAttempt, lookAgainMs, mayHurry } from './attempt'

beforeEach(() => sessionStorage.clear())

test('an attempt is found again for the same holds in any order, and for no others', () => {
  keepAttempt(['hld_b', 'hld_a'], { key: 'k', token: 'tok_ok' })
  expect(keptAttempt(['hld_a', 'hld_b'])).toEqual({ key: 'k', token: 'tok_ok' })
  expect(keptAttempt(['hld_a'])).toBeUndefined()
})

test('an attempt that ended leaves nothing, and what is unreadable counts as none', () => {
  keepAttempt(['hld_a'], { key: 'k', token: 'tok_ok' })
  endAttempt(['hld_a'])
  expect(keptAttempt(['hld_a'])).toBeUndefined()
  sessionStorage.setItem('attempt:hld_a', '{')
  expect(keptAttempt(['hld_a'])).toBeUndefined()
})

test('an order is looked at every other second, and later when the server asks for it', () => {
  expect(lookAgainMs(undefined)).toBe(2_000)
  expect(lookAgainMs(new Problem('offline', 0))).toBe(2_000)
  const busy = lookAgainMs(new Problem('unavailable', 503, undefined, 30))
  expect(busy).toBe(30_000)
  expect([mayHurry(2_000), mayHurry(busy)]).toEqual([true, false])
})
