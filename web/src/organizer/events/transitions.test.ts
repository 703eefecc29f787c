import { expect, test } from 'vitest'
import { missingToPublish, possibleFrom } from './transitions'

test.each([
  ['draft', ['publish', 'cancel']],
  ['published', ['take-off-sale', 'postpone', 'cancel']],
  ['off_sale', ['publish', 'postpone', 'cancel']],
  ['postponed', ['cancel']],
  ['rescheduled', ['publish', 'take-off-sale', 'postpone', 'cancel']],
  ['cancelled', []],
])('from %s: %s', (state, transitions) => expect(possibleFrom(state)).toEqual(transitions))

test('an event goes on sale with a map, prices and a start to come', () => {
  const now = Date.parse('2026-11-22T10:00:00Z')
  const bare = { seatMapId: null, priceLevels: [], startsAt: '2026-11-22T09:00:00Z' }
  expect(missingToPublish(bare, now)).toEqual(['seatMap', 'prices', 'past'])
  const ready = { seatMapId: 'map', priceLevels: [{}], startsAt: '2026-12-22T09:00:00Z' }
  expect(missingToPublish(ready, now)).toEqual([])
})
