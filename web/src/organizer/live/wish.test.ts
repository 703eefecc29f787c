import { expect, test } from 'vitest'
import { forgetWish, keyOf } from './wish'

test('a wish that is repeated has its key until it is answered or another one is made', () => {
  const first = keyOf('ten for the press')
  expect(keyOf('ten for the press')).toBe(first)
  forgetWish()
  const second = keyOf('ten for the press')
  expect(second).not.toBe(first)
  expect(keyOf('nine for the press')).not.toBe(second)
  expect(keyOf('ten for the press')).not.toBe(second)
})
