import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { backoffMs } from './backoff'
import { LiveConnection, type LiveWorld } from './connection'
import { readFrame, type Snapshot, unpack } from './frames'

class Socket {
  onopen: (() => void) | null = null
  onmessage: ((event: { data: unknown }) => void) | null = null
  onclose: (() => void) | null = null
  isClosed = false
  constructor(readonly url: string) {}
  close() {
    this.isClosed = true
  }
  say(frame: object) {
    this.onmessage?.({ data: JSON.stringify(frame) })
  }
  lose() {
    this.onclose?.()
  }
}

function setUp(version?: number) {
  const sockets: Socket[] = []
  const state = { isOnline: true, isVisible: true, answer: undefined as Snapshot | undefined, asked: 0 }
  const events = new EventTarget()
  const world: LiveWorld = {
    open: (url) => {
      const socket = new Socket(url)
      sockets.push(socket)
      return socket as unknown as WebSocket
    },
    ask: async () => {
      state.asked++
      if (!state.answer) throw new Error('no answer')
      return state.answer
    },
    random: () => 0.5,
    events,
    isOnline: () => state.isOnline,
    isVisible: () => state.isVisible,
  }
  const heard: string[] = []
  const connection = new LiveConnection(
    'ws://x/live',
    world,
    {
      snapshot: ({ version }) => heard.push(`snapshot ${version}`),
      delta: ({ version }) => heard.push(`delta ${version}`),
      freshness: (freshness) => heard.push(freshness),
      holdExpiring: (hold, seconds) => heard.push(`${hold} ${seconds}`),
      eventStatus: (status) => heard.push(status),
      signedOut: () => heard.push('signed out'),
    },
    version,
  )
  const last = (back = 1) => sockets.at(-back) as Socket
  const happen = (type: string) => events.dispatchEvent(new Event(type))
  return { connection, sockets, last, heard, state, happen }
}

const snapshot = (version: number) => ({ type: 'snapshot', version, map: 1, seats: 'AA==', areas: [] })
const delta = (version: number) => ({ type: 'delta', version, seats: [[0, 1]], areas: [] })

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

describe('a live connection', () => {
  test('passes a snapshot and what follows it on, once each and in order', () => {
    const { last, heard } = setUp()
    expect(last().url).toBe('ws://x/live')
    last().say(snapshot(7))
    last().say(delta(8))
    last().say(delta(8))
    last().say(delta(7))
    last().say(delta(9))
    expect(heard).toEqual(['snapshot 7', 'live', 'delta 8', 'delta 9'])
  })

  test('goes back to what it knows when there is a gap', () => {
    const { sockets, last, heard } = setUp()
    last().say(snapshot(7))
    last().say(delta(9))
    expect(sockets[0]?.isClosed).toBe(true)
    expect(last().url).toBe('ws://x/live?since=7')
    last(2).say(delta(8))
    expect(heard).not.toContain('delta 8')
    last().say(delta(8))
    last().say(delta(9))
    expect(heard).toEqual(['snapshot 7', 'live', 'delta 8', 'delta 9'])
  })

  test('begins after what its listener has already', () => {
    const { last, heard } = setUp(41)
    expect(last().url).toBe('ws://x/live?since=41')
    last().say(delta(42))
    expect(heard).toContain('delta 42')
  })

  test('goes on from its version after it was lost, later each time', () => {
    const { sockets, last, heard } = setUp()
    last().say(snapshot(7))
    last().lose()
    expect(heard.at(-1)).toBe('connecting')
    expect(sockets).toHaveLength(1)
    vi.advanceTimersByTime(backoffMs(1, () => 0.5))
    expect(last().url).toBe('ws://x/live?since=7')
    expect(sockets).toHaveLength(2)
    last().lose()
    vi.advanceTimersByTime(backoffMs(1, () => 0.5))
    expect(sockets).toHaveLength(2)
    vi.advanceTimersByTime(backoffMs(2, () => 0.5))
    expect(sockets).toHaveLength(3)
  })

  test('asks now and then while no socket can be had, and stops when one is', async () => {
    const { last, heard, state } = setUp()
    state.answer = { version: 5, map: 1, seats: new Uint8Array(4), areas: [] }
    last().lose()
    vi.advanceTimersByTime(backoffMs(1, () => 0.5))
    last().lose()
    await vi.advanceTimersByTimeAsync(0)
    expect(heard).toEqual(['snapshot 5', 'polling'])
    await vi.advanceTimersByTimeAsync(6_000)
    expect(heard).toEqual(['snapshot 5', 'polling'])
    state.answer = { ...state.answer, version: 6 }
    await vi.advanceTimersByTimeAsync(6_000)
    expect(heard.at(-1)).toBe('snapshot 6')
    expect(last().url).toContain('since=')
    last().say(delta(7))
    expect(heard.at(-1)).toBe('live')
    const { asked } = state
    await vi.advanceTimersByTimeAsync(20_000)
    expect(state.asked).toBe(asked)
  })

  test('waits for the network, and comes back with it at once', () => {
    const { sockets, last, heard, state, happen } = setUp()
    last().say(snapshot(1))
    state.isOnline = false
    happen('offline')
    expect(heard.at(-1)).toBe('offline')
    vi.advanceTimersByTime(60_000)
    expect(sockets).toHaveLength(1)
    state.isOnline = true
    happen('online')
    expect(last().url).toBe('ws://x/live?since=1')
  })

  test('lets go when nobody looks for a while, and catches up when somebody does', () => {
    const { sockets, last, state, happen } = setUp()
    last().say(snapshot(3))
    state.isVisible = false
    happen('visibilitychange')
    vi.advanceTimersByTime(61_000)
    expect(sockets[0]?.isClosed).toBe(true)
    state.isVisible = true
    happen('visibilitychange')
    expect(last().url).toBe('ws://x/live?since=3')
  })

  test('finds out that a quiet socket is dead', async () => {
    const { sockets, last, state } = setUp()
    last().say(snapshot(3))
    state.answer = { version: 3, map: 1, seats: new Uint8Array(4), areas: [] }
    await vi.advanceTimersByTimeAsync(45_000)
    expect(sockets).toHaveLength(1)
    state.answer = { ...state.answer, version: 4 }
    await vi.advanceTimersByTimeAsync(45_000)
    expect(sockets).toHaveLength(2)
    expect(last().url).toBe('ws://x/live?since=3')
  })

  test('passes warnings and the status of the event on', () => {
    const { last, heard } = setUp()
    last().say({ type: 'hold', hold: 'hld_1', status: 'expiring', secondsLeft: 30 })
    last().say({ type: 'event', status: 'off_sale' })
    expect(heard).toEqual(['hld_1 30', 'live', 'off_sale'])
  })

  test('says when its session has ended, and not for other errors', () => {
    const { last, heard } = setUp()
    last().say({ type: 'error', code: 'malformed_json' })
    last().say({ type: 'error', code: 'invalid_token' })
    expect(heard).toEqual(['live', 'signed out'])
  })

  test('is silent once it is closed', () => {
    const { connection, sockets, last, heard, happen } = setUp()
    connection.close()
    last().say(snapshot(1))
    happen('online')
    vi.advanceTimersByTime(100_000)
    expect(heard).toEqual([])
    expect(sockets).toHaveLength(1)
  })
})

test('waits grow to half a minute and differ from client to client', () => {
  expect([1, 2, 3].map((failures) => backoffMs(failures, () => 1))).toEqual([1_000, 2_000, 4_000])
  expect(backoffMs(60, () => 1)).toBe(30_000)
  expect(backoffMs(3, () => 0)).toBe(0)
})

test('seats come four a byte, the first in the lowest bits', () => {
  expect([...unpack(btoa(String.fromCharCode(0b11_10_01_00, 0b00_00_00_10)))]).toEqual([
    0, 1, 2, 3, 2, 0, 0, 0,
  ])
})

test('what is no frame is none', () => {
  for (const text of [
    '',
    '[]',
    'null',
    '{"type":"delta"}',
    '{"type":"snapshot","version":-1}',
    '{"type":"other"}',
  ]) {
    expect(readFrame(text), text).toBeUndefined()
  }
})
