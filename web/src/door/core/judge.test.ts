import { expect, test } from 'vitest'
import { stepOf } from '../../lib/liveBarcode'
import { admits, judge, knownFrom } from './judge'
import type { Scan } from './types'

const event = {
  eventId: 'evt_a',
  startsAt: '2026-11-22T20:00:00Z',
  doorsAt: null,
  endsAt: null,
  barcodes: 'any' as const,
}
const paper = { eventId: 'evt_a', live: undefined }
const at = (time: string) => Date.parse(`2026-11-22T${time}Z`)
const nothing = { used: undefined, revoked: false }

const scan = (change: Partial<Scan>): Scan => ({
  scanId: '1',
  organizerId: 'org_a',
  eventId: 'evt_a',
  gate: 'North',
  scannedAt: '2026-11-22T19:00:00Z',
  barcode: null,
  ticketId: 'tkt_a',
  generation: 1,
  verdict: 'admitted',
  by: 'device',
  state: 'queued',
  place: null,
  earlier: null,
  shownAt: null,
  ticketEventId: 'evt_a',
  conflict: null,
  settled: false,
  ...change,
})

test('tickets admit as long as the server says they do', () => {
  expect(admits(event)).toEqual({ opens: at('18:00:00'), closes: Date.parse('2026-11-23T08:00:00Z') })
  const told = { ...event, doorsAt: '2026-11-22T19:00:00Z', endsAt: '2026-11-22T21:00:00Z' }
  expect(admits(told)).toEqual({ opens: at('17:00:00'), closes: at('23:00:00') })
})

test('each reason has its turn', () => {
  const used = { used: { at: '2026-11-22T19:00:00Z', gate: 'North' }, revoked: false }
  expect(judge(event, paper, at('18:00:00'), nothing)).toBe('admitted')
  expect(judge(event, paper, at('18:00:00') - 1, nothing)).toBe('not_yet_valid')
  expect(judge(event, paper, at('20:00:00') + 12 * 3_600_000 + 1, nothing)).toBe('expired')
  expect(judge(event, paper, at('19:00:00'), used)).toBe('already_used')
  expect(judge(event, { ...paper, eventId: 'evt_b' }, at('19:00:00'), used)).toBe('wrong_event')
  expect(judge(event, paper, at('19:00:00'), { ...used, revoked: true })).toBe('revoked')
})

test('a live barcode admits in its time alone, and paper only where it is taken', () => {
  const now = at('19:00:00')
  const live = (step: number) => ({ eventId: 'evt_a', live: { step, code: new Uint8Array(8) } })
  const liveOnly = { ...event, barcodes: 'live' as const }
  for (const door of [event, liveOnly]) {
    expect(judge(door, live(stepOf(now)), now, nothing)).toBe('admitted')
    expect(judge(door, live(stepOf(now) - 3), now, nothing)).toBe('not_live')
    expect(judge(door, live(stepOf(now) + 3), now, nothing)).toBe('not_live')
  }
  expect(judge(liveOnly, paper, now, nothing)).toBe('not_live')
  expect(judge(liveOnly, paper, now, { ...nothing, revoked: true })).toBe('revoked')
})

test('a device remembers whom it let in, and what the server has told it since', () => {
  const north = { at: '2026-11-22T19:00:00Z', gate: 'North' }
  const south = { at: '2026-11-22T18:50:00Z', gate: 'South' }
  expect(knownFrom([], 1)).toEqual(nothing)
  expect(knownFrom([scan({})], 1)).toEqual({ used: north, revoked: false })
  expect(knownFrom([scan({ verdict: 'not_yet_valid' })], 1)).toEqual(nothing)
  const told = scan({ verdict: 'already_used', by: 'server', earlier: south })
  expect(knownFrom([told], 1).used).toEqual(south)
  const elsewhere = scan({ conflict: { kind: 'refused_later', result: 'already_used', other: south } })
  expect(knownFrom([elsewhere], 1).used).toEqual(south)
})

test('a barcode that was replaced is dead here, too, and the new one is not', () => {
  const dead = scan({ conflict: { kind: 'refused_later', result: 'revoked', other: null } })
  expect(knownFrom([dead], 1)).toEqual({ used: undefined, revoked: true })
  expect(knownFrom([dead], 2)).toEqual(nothing)
  expect(knownFrom([scan({ verdict: 'not_yet_valid', generation: 2 })], 1).revoked).toBe(true)
})

test('the list says who is in, and which barcode is good', () => {
  const listed = {
    id: 'tkt_a',
    version: 2,
    status: 'issued',
    seat: 'S-4-12',
    section: 'Stalls',
    level: 'Front',
    ticketType: 'Standard',
  }
  expect(knownFrom([], 1, listed).revoked).toBe(true)
  expect(knownFrom([], 2, listed)).toEqual(nothing)
  expect(knownFrom([], 2, { ...listed, status: 'refunded' }).revoked).toBe(true)
  // Given away since the list was made: it knows nothing of this barcode.
  expect(knownFrom([], 3, { ...listed, status: 'revoked' })).toEqual(nothing)
  const admission = { scanId: '9', gate: 'South', scannedAt: '2026-11-22T18:50:00Z' }
  expect(knownFrom([], 2, { ...listed, status: 'used', admission }).used).toEqual({
    at: admission.scannedAt,
    gate: 'South',
  })
})
