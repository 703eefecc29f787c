import { beforeEach, expect, test } from 'vitest'
import { endAttempt, keepAttempt, keptAttempt } from './attempt'

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
