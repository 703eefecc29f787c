import { expect, test } from 'vitest'
import { fromWall, toWall } from './zones'

test.each([
  ['2027-01-05T20:00', 'Europe/Berlin', '2027-01-05T19:00:00.000Z'],
  ['2027-07-05T20:00', 'Europe/Berlin', '2027-07-05T18:00:00.000Z'],
  ['2027-07-05T20:00', 'America/New_York', '2027-07-06T00:00:00.000Z'],
  ['2027-07-05T20:00', 'Asia/Kathmandu', '2027-07-05T14:15:00.000Z'],
])('%s in %s is %s, and back', (wall, zone, at) => {
  expect(fromWall(wall, zone)).toBe(at)
  expect(toWall(at, zone)).toBe(wall)
})

test('an hour that clocks show twice is the first one', () => {
  expect(fromWall('2027-10-31T02:30', 'Europe/Berlin')).toBe('2027-10-31T00:30:00.000Z')
})

test('a time that clocks jump over lies after the jump', () => {
  expect(fromWall('2027-03-28T02:30', 'Europe/Berlin')).toBe('2027-03-28T01:30:00.000Z')
})

test('what is no time is no instant', () => expect(fromWall('', 'Europe/Berlin')).toBeUndefined())
