import { expect, test } from 'vitest'
import type { OwnEvent } from '../types'
import { attentionTo } from './attention'

const NOW = Date.parse('2026-11-22T10:00:00Z')
const event = (id: string, more: Partial<OwnEvent>): OwnEvent =>
  ({
    id,
    state: 'published',
    status: 'on_sale',
    startsAt: '2026-12-24T19:00:00Z',
    seatMapId: 'map',
    priceLevels: [{}],
    capacity: 100,
    ...more,
  }) as OwnEvent

const found = (events: OwnEvent[], left = 50) =>
  attentionTo(events, NOW, () => left).map(({ event, what }) => `${event.id} ${what}`)

test('an event that sells well and is far away needs nobody', () =>
  expect(found([event('a', {})])).toEqual([]))

test('what is most pressing comes first', () => {
  expect(
    found([
      event('draft', { state: 'draft', status: 'scheduled' }),
      event('bare', { state: 'draft', status: 'scheduled', seatMapId: null, priceLevels: [] }),
      event('moved', { state: 'postponed', status: 'postponed' }),
      event('tonight', { startsAt: '2026-11-22T19:00:00Z' }),
      event('closed', { status: 'off_sale' }),
      event('gone', { state: 'cancelled', status: 'cancelled' }),
      event('past', { startsAt: '2026-11-20T19:00:00Z' }),
    ]),
  ).toEqual(['tonight tonight', 'moved noNewDate', 'closed notOnSale', 'bare noMap', 'draft unpublished'])
})

test('a house that is nearly or wholly sold is worth another date', () => {
  expect(found([event('a', {})], 5)).toEqual(['a almostGone'])
  expect(found([event('a', {})], 0)).toEqual(['a soldOut'])
})
