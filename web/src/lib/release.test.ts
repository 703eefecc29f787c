import { expect, test } from 'vitest'
import { accessibleReleased } from './release'

const NOW = Date.parse('2026-06-01T12:00:00Z')

test.each([
  ['never', false, false],
  ['always', true, true],
  ['rest_sold_out', true, false],
  ['rest_sold_out', false, true],
  ['2026-06-01T12:00:01Z', false, false],
  ['2026-06-01T12:00:00Z', true, true],
  ['2026-06-01T13:59:59+02:00', true, true],
  ['a rule of a later server', false, false],
])('%s, with an ordinary seat to be had: %s, releases: %s', (rule, isOpen, isReleased) => {
  expect(accessibleReleased(rule, NOW, () => isOpen)).toBe(isReleased)
})
