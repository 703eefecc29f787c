import { expect, test } from 'vitest'
import { deviceOf } from './device'

test('a device is called by its browser and system', () => {
  expect(
    deviceOf(
      'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36',
    ),
  ).toBe('Chrome · Linux')
  expect(
    deviceOf(
      'Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1 Version/17.0 Safari/604.1',
    ),
  ).toBe('Safari · iOS')
  expect(deviceOf('curl/8.0')).toBe('')
})
