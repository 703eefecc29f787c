import { expect, test } from 'vitest'
import { between, pick, randomOf } from './random'

const some = (seed: string) => {
  const random = randomOf(seed)
  return Array.from({ length: 200 }, random)
}

test('a seed always draws the same, and another one something else', () => {
  expect(some('Midnight Brass')).toEqual(some('Midnight Brass'))
  expect(some('Midnight Brass')).not.toEqual(some('Midnight Brasss'))
})

test('numbers keep to their range and use it', () => {
  const numbers = some('x')
  expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0)
  expect(Math.max(...numbers)).toBeLessThan(1)
  expect(numbers.some((n) => n < 0.1) && numbers.some((n) => n > 0.9)).toBe(true)
  expect(between(() => 0.5, 10, 20)).toBe(15)
  expect(pick(() => 0.99, ['a', 'b', 'c'])).toBe('c')
})
