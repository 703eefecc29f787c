import { expect, test } from 'vitest'
import { Problem } from '../../api/problem'
import { BATCH, Outbox, type OutboxState, pauseAfter, settle } from './outbox'
import type { Answer, Scan } from './types'

const scan = (seq: number, change: Partial<Scan> = {}): Scan => ({
  seq,
  scanId: `scan-${seq}`,
  organizerId: 'org_a',
  eventId: 'evt_a',
  gate: 'North',
  scannedAt: '2026-11-22T19:00:00Z',
  barcode: 'V50',
  ticketId: `tkt_${seq}`,
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

const answer = (scanId: string, change: Partial<Answer> = {}): Answer => ({
  scanId,
  result: 'admitted',
  ...change,
})

/** An outbox over a list, whose server does what `serve` says. */
function setUp(scans: Scan[], serve: (scans: Scan[]) => Answer[], onRead: () => void = () => undefined) {
  const kept = new Map(scans.map((one) => [one.seq, one]))
  const uploads: string[][] = []
  const states: OutboxState[] = []
  const pauses: { ms: number; run: () => void }[] = []
  const queue = () => [...kept.values()].filter(({ state }) => state === 'queued')
  const outbox = new Outbox({
    events: async () => new Set(queue().map(({ eventId }) => eventId)),
    queued: async (event, limit) => {
      onRead()
      return queue()
        .filter(({ eventId }) => eventId === event)
        .slice(0, limit)
    },
    keep: async (changed) => {
      for (const one of changed) kept.set(one.seq, one)
    },
    upload: async (batch) => {
      uploads.push(batch.map(({ scanId }) => scanId))
      return serve(batch)
    },
    onState: (_, state) => states.push(state),
    onSettled: () => undefined,
    later: (run, ms) => {
      pauses.push({ run, ms })
      return () => undefined
    },
    random: () => 1,
  })
  return { outbox, kept, uploads, states, pauses, waiting: () => queue().length }
}

const all = (batch: Scan[]) => batch.map(({ scanId }) => answer(scanId))

test('scans are sent in the order they were made, in batches, until none is left', async () => {
  const scans = Array.from({ length: 2 * BATCH + 5 }, (_, at) => scan(at + 1))
  const { outbox, uploads, states, waiting } = setUp(scans, all)
  await outbox.kick()
  expect(uploads.map((batch) => batch.length)).toEqual([BATCH, BATCH, 5])
  expect(uploads.flat()).toEqual(scans.map(({ scanId }) => scanId))
  expect([waiting(), states.at(-1)]).toEqual([0, 'idle'])
})

test('what the server has, this device keeps no barcode of', async () => {
  const { outbox, kept } = setUp([scan(1)], all)
  await outbox.kick()
  expect(kept.get(1)).toMatchObject({ state: 'sent', barcode: null })
})

test('one upload is of one event', async () => {
  const scans = [scan(1), scan(2), scan(3, { eventId: 'evt_b' }), scan(4)]
  const { outbox, uploads } = setUp(scans, all)
  await outbox.kick()
  expect(uploads.toSorted()).toEqual([['scan-1', 'scan-2', 'scan-4'], ['scan-3']])
})

test('scans that whoever is signed in may not send hold up no others, and go when somebody may', async () => {
  const foreign = { organizerId: 'org_b', eventId: 'evt_b' }
  const scans = Array.from({ length: BATCH + 2 }, (_, at) => scan(at + 1, foreign))
  let allowed = 'evt_a'
  const { outbox, states, waiting } = setUp([...scans, scan(900), scan(901)], (batch) => {
    if (batch.some(({ eventId }) => eventId !== allowed)) throw new Problem('not_allowed', 403)
    return all(batch)
  })
  await outbox.kick()
  expect(waiting()).toBe(scans.length)
  expect(states).toContain('not_allowed')
  allowed = 'evt_b'
  await outbox.kick()
  expect(waiting()).toBe(0)
})

test('a device that cannot read what waits tries again later', async () => {
  let isBroken = true
  const { outbox, pauses, states, waiting } = setUp([scan(1)], all, () => {
    if (isBroken) throw new DOMException('the connection is lost', 'UnknownError')
  })
  await outbox.kick()
  expect([states, pauses.length, waiting()]).toEqual([['waiting'], 1, 1])
  isBroken = false
  await outbox.kick()
  expect([states.at(-1), waiting()]).toEqual(['idle', 0])
})

test('a lost answer loses no scan: the same is sent again, later and later', async () => {
  let isUp = false
  const { outbox, uploads, pauses, states, waiting } = setUp([scan(1), scan(2)], (batch) => {
    if (!isUp) throw new Problem('offline', 0)
    return all(batch)
  })
  await outbox.kick()
  await outbox.kick()
  expect([waiting(), states.at(-1)]).toEqual([2, 'waiting'])
  expect(pauses.map(({ ms }) => ms)).toEqual([1_000, 2_000])
  isUp = true
  await outbox.kick()
  expect(waiting()).toBe(0)
  expect(uploads).toEqual(Array.from({ length: 3 }, () => ['scan-1', 'scan-2']))
})

test('an answer without some of the scans leaves them waiting', async () => {
  const { outbox, uploads, waiting } = setUp([scan(1), scan(2)], (batch) => all(batch).slice(0, 1))
  await outbox.kick()
  expect(uploads).toEqual([['scan-1', 'scan-2'], ['scan-2']])
  expect(waiting()).toBe(0)
})

test('one scan that the server cannot read harms no other', async () => {
  const scans = Array.from({ length: 7 }, (_, at) => scan(at + 1))
  const { outbox, kept, waiting } = setUp(scans, (batch) => {
    if (batch.some(({ seq }) => seq === 5)) throw new Problem('malformed_body' as never, 400)
    return all(batch)
  })
  await outbox.kick()
  expect(waiting()).toBe(0)
  const conflicts = [...kept.values()].filter(({ conflict }) => conflict)
  expect(conflicts.map(({ seq, conflict }) => [seq, conflict?.kind])).toEqual([[5, 'not_taken']])
})

test('signed out and not allowed are said, and nothing is thrown away', async () => {
  for (const [status, state] of [
    [401, 'signed_out'],
    [403, 'not_allowed'],
  ] as const) {
    const { outbox, states, waiting } = setUp([scan(1)], () => {
      throw new Problem('forbidden' as never, status)
    })
    await outbox.kick()
    expect([states.at(-1), waiting()]).toEqual([state, 1])
  }
})

test('pauses grow to a minute, spread, and are never shorter than the server asks', () => {
  expect([1, 2, 3, 20].map((attempt) => pauseAfter(attempt, 1))).toEqual([1_000, 2_000, 4_000, 60_000])
  expect(pauseAfter(3, 0)).toBe(2_000)
  expect(pauseAfter(1, 1, 30)).toBe(30_000)
})

test('only what was let in and should not have been is a conflict', () => {
  const south = { scanId: 'other', gate: 'South', scannedAt: '2026-11-22T18:50:00Z' }
  const other = { at: south.scannedAt, gate: 'South' }
  expect(settle(scan(1), answer('scan-1')).conflict).toBeNull()
  expect(settle(scan(1), answer('scan-1', { result: 'already_used', admission: south })).conflict).toEqual({
    kind: 'refused_later',
    result: 'already_used',
    other,
  })
  expect(settle(scan(1), answer('scan-1', { result: 'revoked' })).conflict).toMatchObject({
    result: 'revoked',
  })
  expect(settle(scan(1), answer('scan-1', { superseded: south })).conflict).toEqual({
    kind: 'also_admitted',
    other,
  })
  const turnedAway = scan(1, { verdict: 'already_used' })
  expect(
    settle(turnedAway, answer('scan-1', { result: 'already_used', admission: south })).conflict,
  ).toBeNull()
  expect(settle(scan(1), answer('scan-1', { result: 'invalid_field' })).conflict).toEqual({
    kind: 'not_taken',
    code: 'invalid_field',
  })
})
