import { expect, test } from 'vitest'
import type { EventCard } from '../../api/types'
import { invitationsOf, productionsOf, scarcity } from './productions'

const event = (name: string, house: string, more: Partial<EventCard> = {}): EventCard => ({
  id: `evt_${name}_${house}_${more.startsAt ?? ''}`,
  name,
  type: 'concert',
  status: 'on_sale',
  performers: [],
  venue: { id: house, name: house, city: 'Lisboa', country: 'PT' },
  startsAt: '2026-12-01T20:00:00Z',
  localStart: '2026-12-01T20:00:00',
  timeZone: 'Europe/Lisbon',
  capacity: 100,
  availableSeats: 50,
  ...more,
})

test('dates of one production come together, and two houses stay two', () => {
  const events = [
    event('Brass', 'club'),
    event('Mic', 'club'),
    event('Brass', 'club', { startsAt: 'later' }),
    event('Brass', 'bowl'),
  ]
  expect(productionsOf(events).map(({ key, dates }) => [key, dates.length])).toEqual([
    ['Brass @ club', 2],
    ['Mic @ club', 1],
    ['Brass @ bowl', 1],
  ])
})

test('a newcomer is invited to one night of each house that sells now', () => {
  const events = [
    event('Later', 'bowl', { status: 'scheduled' }),
    event('Gone', 'bowl', { availableSeats: 0 }),
    event('Tour', 'bowl', { capacity: 80000 }),
    event('Brass', 'club'),
    event('Mic', 'club'),
  ]
  expect(invitationsOf(events).map(({ name }) => name)).toEqual(['Tour', 'Brass'])
})

test('only what is scarce is said to be', () => {
  expect(scarcity(event('a', 'b'))).toBeUndefined()
  expect(scarcity(event('a', 'b', { availableSeats: 4 }))).toBe('few')
  expect(scarcity(event('a', 'b', { availableSeats: 0 }))).toBe('sold_out')
  expect(scarcity(event('a', 'b', { availableSeats: null }))).toBeUndefined()
})
