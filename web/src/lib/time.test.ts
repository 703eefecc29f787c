import { expect, test } from 'vitest'
import { clock, dateBlock, formatTime, secondsLeft, zonesDiffer } from './time'

const show = '2026-12-12T19:00:00Z'

test('a time is shown in the zone of the venue', () => {
  expect(formatTime(show, 'en-GB', 'clock', 'Europe/Berlin')).toBe('20:00')
  expect(formatTime(show, 'en-GB', 'clock', 'Europe/Lisbon')).toBe('19:00')
  expect(dateBlock('2026-12-12T23:30:00Z', 'en', 'Europe/Berlin').day).toBe('13')
})

test('the viewer is told another time only when their clock shows one', () => {
  expect(zonesDiffer(show, 'Europe/Berlin', 'Europe/Paris')).toBe(false)
  expect(zonesDiffer(show, 'Europe/Berlin', 'Europe/Lisbon')).toBe(true)
})

test('what is left of a hold counts whole seconds and stops at zero', () => {
  expect(secondsLeft(30_001, 0)).toBe(31)
  expect(secondsLeft(30_000, 0)).toBe(30)
  expect(secondsLeft(0, 5)).toBe(0)
  expect(clock(300)).toBe('5:00')
  expect(clock(65)).toBe('1:05')
  expect(clock(9)).toBe('0:09')
})
