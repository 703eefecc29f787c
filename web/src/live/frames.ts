/** A seat's status on the wire. */
export const AVAILABLE = 0
export const HELD = 1
export const SOLD = 2
export const BLOCKED = 3
export type SeatStatus = 0 | 1 | 2 | 3

export interface AreaLeft {
  id: string
  available: number
}

/** Everything at one version. */
export interface Snapshot {
  version: number
  /** The version of the seat map that the seats are numbered in. */
  map: number
  /** A status for each seat in map order; may be followed by up to three that mean nothing. */
  seats: Uint8Array
  areas: AreaLeft[]
}

export interface Delta {
  /** The one before plus 1. */
  version: number
  /** A seat's place in map order, and its status. */
  seats: [number, number][]
  areas: AreaLeft[]
}

export type Frame =
  | ({ type: 'snapshot' } & Snapshot)
  | ({ type: 'delta' } & Delta)
  | { type: 'hold'; hold: string; status: string; secondsLeft: number }
  | { type: 'event'; status: string }
  | { type: 'auth'; user: string }
  | { type: 'error'; code: string }

/** What a text frame says; nothing for what this client does not know. */
export function readFrame(text: string): Frame | undefined {
  let said: unknown
  try {
    said = JSON.parse(text)
  } catch {
    return undefined
  }
  if (!isRecord(said)) return undefined
  switch (said.type) {
    case 'snapshot':
      if (typeof said.seats !== 'string' || !isCount(said.version) || !isCount(said.map)) return undefined
      return {
        type: 'snapshot',
        version: said.version,
        map: said.map,
        seats: unpack(said.seats),
        areas: areasOf(said.areas),
      }
    case 'delta':
      if (!isCount(said.version) || !Array.isArray(said.seats)) return undefined
      return {
        type: 'delta',
        version: said.version,
        seats: said.seats as [number, number][],
        areas: areasOf(said.areas),
      }
    case 'hold':
      if (typeof said.hold !== 'string' || !isCount(said.secondsLeft)) return undefined
      return { type: 'hold', hold: said.hold, status: String(said.status), secondsLeft: said.secondsLeft }
    case 'event':
      return { type: 'event', status: String(said.status) }
    case 'auth':
      return { type: 'auth', user: String(said.user) }
    case 'error':
      return { type: 'error', code: String(said.code) }
    default:
      return undefined
  }
}

/** Two bits a seat, four seats a byte, the first in the lowest bits; base64. */
export function unpack(packed: string): Uint8Array {
  const bytes = atob(packed)
  const seats = new Uint8Array(bytes.length * 4)
  for (let at = 0; at < bytes.length; at++) {
    const four = bytes.charCodeAt(at)
    seats[at * 4] = four & 3
    seats[at * 4 + 1] = (four >> 2) & 3
    seats[at * 4 + 2] = (four >> 4) & 3
    seats[at * 4 + 3] = four >> 6
  }
  return seats
}

function areasOf(areas: unknown): AreaLeft[] {
  return Array.isArray(areas) ? (areas as AreaLeft[]) : []
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}
