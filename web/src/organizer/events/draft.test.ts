import { expect, test } from 'vitest'
import type { OwnEvent } from '../types'
import { faultsOf } from './checks'
import { bodyOf, changedFields, draftOf, emptyDraft, levelsFor, patchOf, rebase } from './draft'

const ZONE = 'Europe/Berlin'
const NOW = Date.parse('2026-11-22T10:00:00Z')
const EVENT = {
  id: 'evt',
  venueId: 'ven',
  seatMapId: 'map',
  name: 'Midnight Brass',
  type: 'concert',
  state: 'published',
  status: 'on_sale',
  startsAt: '2027-01-23T21:00:00Z',
  endsAt: '2027-01-24T00:00:00Z',
  doorsAt: '2027-01-23T20:00:00Z',
  performers: ['Earth, Wind & Brass', 'The Millers'],
  currency: 'EUR',
  priceLevels: [{ id: 'plv', key: 'table', name: 'Table', price: { amount: 6500, currency: 'EUR' } }],
  ticketTypes: [
    { key: 'standard', name: 'Standard', pricing: { factor: { basisPoints: 10_000 } } },
    { key: 'child', name: 'Under 16', pricing: { fixed: { prices: { table: 2050 } } } },
  ],
  saleWindows: [{ kind: 'general', opensAt: '2026-11-29T09:43:00Z' }],
  holdSeconds: 300,
  seatsPerHoldMax: 10,
  ticketsPerFanMax: null,
  orphanPolicy: 'ignore',
  accessibleRelease: '2027-01-20T09:00:00Z',
  refundWindowSeconds: 86_400,
  barcodes: 'live',
  capacity: 1260,
  version: 2,
} as unknown as OwnEvent

const draft = draftOf(EVENT, ZONE)

test('an event that is read into the form and sent again is the same', () => {
  expect(draft.starts).toEqual(['2027-01-23T22:00'])
  expect(draft.types[1]?.fixed).toEqual({ table: '20.50' })
  expect(bodyOf(draft, ZONE, '2027-01-23T22:00')).toMatchObject({
    startsAt: '2027-01-23T21:00:00.000Z',
    doorsAt: '2027-01-23T20:00:00.000Z',
    endsAt: '2027-01-24T00:00:00.000Z',
    performers: EVENT.performers,
    priceLevels: [{ id: 'plv', key: 'table', name: 'Table', amount: 6500 }],
    ticketTypes: EVENT.ticketTypes,
    saleWindows: [{ kind: 'general', opensAt: '2026-11-29T09:43:00.000Z' }],
    holdSeconds: 300,
    ticketsPerFanMax: null,
    accessibleRelease: '2027-01-20T09:00:00.000Z',
    refundWindowSeconds: 86_400,
    barcodes: 'live',
  })
  expect(patchOf(draft, draft, ZONE, 2)).toEqual({ version: 2 })
})

test('only what was changed is sent', () => {
  expect(patchOf(draft, { ...draft, name: 'Noon Brass', ticketsPerFan: '4' }, ZONE, 2)).toEqual({
    name: 'Noon Brass',
    ticketsPerFanMax: 4,
    version: 2,
  })
})

test('wheelchair places are released by a rule or from an instant on', () => {
  expect(draft).toMatchObject({ accessible: 'from', accessibleFrom: '2027-01-20T10:00' })
  expect(draftOf({ ...EVENT, accessibleRelease: 'rest_sold_out' }, ZONE).accessible).toBe('rest_sold_out')
  expect(patchOf(draft, { ...draft, accessible: 'never' }, ZONE, 2)).toEqual({
    accessibleRelease: 'never',
    version: 2,
  })
  const open = { ...draft, accessibleFrom: '' }
  expect(faultsOf(open, ZONE, NOW)).toHaveProperty('accessibleRelease')
  expect(faultsOf({ ...open, accessible: 'always' }, ZONE, NOW)).not.toHaveProperty('accessibleRelease')
})

test('a bill is sent whole once it is changed', () => {
  const performers = `${draft.performers}\n Noon Choir \n`
  expect(patchOf(draft, { ...draft, performers }, ZONE, 2)).toEqual({
    performers: ['Earth, Wind & Brass', 'The Millers', 'Noon Choir'],
    version: 2,
  })
  expect(patchOf(draft, { ...draft, performers: '' }, ZONE, 2)).toEqual({ performers: [], version: 2 })
})

test('another start takes doors and end along', () => {
  expect(patchOf(draft, { ...draft, starts: ['2027-01-24T22:00'] }, ZONE, 2)).toEqual({
    startsAt: '2027-01-24T21:00:00.000Z',
    doorsAt: '2027-01-24T20:00:00.000Z',
    endsAt: '2027-01-25T00:00:00.000Z',
    version: 2,
  })
})

test('a seat map brings its levels, and prices typed before stay', () => {
  expect(levelsFor(['table', 'gallery_left'], draft.levels)).toEqual([
    draft.levels[0],
    { key: 'gallery_left', name: 'Gallery left', amount: '' },
  ])
})

test('a sound draft has no faults', () => expect(faultsOf(draft, ZONE, NOW)).toEqual({}))

test('an empty draft lacks a venue, a name and a start', () => {
  expect(Object.keys(faultsOf(emptyDraft('Standard'), ZONE, NOW))).toEqual(['venueId', 'name', 'startsAt.0'])
})

test.each([
  ['startsAt.0', { starts: ['2020-01-01T20:00'] }, 'fault.past'],
  ['startsAt.1', { starts: ['2027-01-01T20:00', '2027-01-01T20:00'] }, 'fault.twice'],
  ['priceLevels.0.amount', { levels: [{ key: 'a', name: 'A', amount: '1.234' }] }, 'fault.amount'],
  ['ticketTypes.0.pricing', { types: [{ key: 'standard', name: 'S', share: '-1' }] }, 'fault.range'],
  ['ticketTypes.0.key', { types: [{ key: 'Big Key', name: 'S', share: '1' }] }, 'fault.key'],
  [
    'saleWindows.0.closesAt',
    { windows: [{ kind: 'general', opensAt: '2027-01-01T20:00', closesAt: '2027-01-01T19:00' }] },
    'fault.order',
  ],
  ['holdSeconds', { holdMinutes: '90' }, 'fault.range'],
  ['seatsPerHoldMax', { seatsPerHold: '2.5' }, 'fault.range'],
] as const)('%s is told of before anything is sent', (field, change, key) => {
  expect(faultsOf({ ...draft, ...(change as object) }, ZONE, NOW)[field]?.key).toBe(key)
})

test('upon a newer event what was changed stays as it is, and the rest is as it is now', () => {
  const mine = { ...draft, name: 'Midnight Silver', holdMinutes: '7' }
  const now = draftOf({ ...EVENT, name: 'Noon Brass', orphanPolicy: 'avoid', version: 3 }, ZONE)
  expect(changedFields(draft, mine)).toEqual(['name', 'holdMinutes'])
  expect(rebase(draft, mine, now)).toEqual({ ...mine, orphanPolicy: 'avoid' })
  expect(rebase(draft, draft, now)).toEqual(now)
})
