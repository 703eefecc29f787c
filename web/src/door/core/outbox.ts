import { isProblem } from '../../api/problem'
import { isVerdict } from './judge'
import { placeOf } from './place'
import type { Answer, Scan, Sighting } from './types'

/** Far below the server's 1,000: a batch gets through a bad network or is soon known not to. */
export const BATCH = 100

const FIRST_PAUSE_MS = 1_000
const LONGEST_PAUSE_MS = 60_000

/** `attempt` counts failures in a row from 1; `random` is in 0..1 and spreads a hall of scanners. */
export function pauseAfter(attempt: number, random: number, retryAfterSeconds = 0): number {
  const longest = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (attempt - 1))
  return Math.max(retryAfterSeconds * 1_000, longest * (0.5 + random / 2))
}

/** The scan with what the server said of it; what staff were told stays as it was told. */
export function settle(scan: Scan, answer: Answer): Scan {
  const { ticket, admission, superseded } = answer
  const sent: Scan = {
    ...scan,
    state: 'sent',
    barcode: null,
    place: ticket ? placeOf(ticket) : scan.place,
  }
  if (!isVerdict(answer.result))
    return { ...sent, conflict: { kind: 'not_taken', code: answer.result }, settled: false }
  if (scan.verdict !== 'admitted') return sent
  if (answer.result !== 'admitted') {
    const other: Sighting | null = admission ? { at: admission.scannedAt, gate: admission.gate } : null
    return { ...sent, conflict: { kind: 'refused_later', result: answer.result, other }, settled: false }
  }
  if (superseded) {
    const other = { at: superseded.scannedAt, gate: superseded.gate }
    return { ...sent, conflict: { kind: 'also_admitted', other }, settled: false }
  }
  return sent
}

export type OutboxState = 'idle' | 'sending' | 'waiting' | 'signed_out' | 'not_allowed'

type Ports = {
  /** Those of which scans wait. */
  events: () => Promise<Iterable<string>>
  /** Scans of an event that wait, the oldest first. */
  queued: (eventId: string, limit: number) => Promise<Scan[]>
  keep: (scans: Scan[]) => Promise<void>
  /** One answer for each scan, in their order. The scans are of one event. Throws a `Problem`. */
  upload: (scans: Scan[]) => Promise<Answer[]>
  onState: (eventId: string, state: OutboxState) => void
  onSettled: (scans: Scan[]) => void
  later: (run: () => void, ms: number) => () => void
  random: () => number
}

/**
 * Sends what this device has scanned. Each event has a queue of its own: whoever is signed in here may not
 * work for all of them, and those that wait for somebody else must not hold up the others.
 */
export class Outbox {
  #ports: Ports
  #queues = new Map<string, Queue>()

  constructor(ports: Ports) {
    this.#ports = ports
  }

  /** Sends now, whatever pause there was: a scan was added, the network or the session came back. */
  async kick(): Promise<void> {
    // A device that cannot say who waits tries those it knows of.
    const waiting = await this.#ports.events().catch(() => [])
    for (const eventId of waiting) this.#of(eventId)
    await Promise.all([...this.#queues.values()].map((queue) => queue.kick()))
  }

  /** The same for the scans of one event. */
  kickOne(eventId: string): Promise<void> {
    return this.#of(eventId).kick()
  }

  stop(): void {
    for (const queue of this.#queues.values()) queue.stop()
  }

  #of(eventId: string): Queue {
    const known = this.#queues.get(eventId)
    if (known) return known
    const queue = new Queue(eventId, this.#ports)
    this.#queues.set(eventId, queue)
    return queue
  }
}

/**
 * The scans of one event, the oldest first, until none is left. Safe to interrupt anywhere: a scan
 * leaves the queue only with the server's answer, and sending one again gets the same answer.
 */
class Queue {
  #eventId: string
  #ports: Ports
  #running: Promise<void> | undefined
  #again = false
  #failures = 0
  #size = BATCH
  #cancelPause: (() => void) | undefined
  #stopped = false

  constructor(eventId: string, ports: Ports) {
    this.#eventId = eventId
    this.#ports = ports
  }

  kick(): Promise<void> {
    this.#cancelPause?.()
    this.#cancelPause = undefined
    if (this.#running) {
      this.#again = true
      return this.#running
    }
    this.#running = this.#run().finally(() => {
      this.#running = undefined
    })
    return this.#running
  }

  stop(): void {
    this.#stopped = true
    this.#cancelPause?.()
  }

  async #run(): Promise<void> {
    do {
      this.#again = false
      while (!this.#stopped && (await this.#sendOne().catch((error) => this.#wait(error)))) {}
    } while (this.#again && !this.#stopped && !this.#cancelPause)
  }

  /** Whether to go on at once. */
  async #sendOne(): Promise<boolean> {
    const batch = await this.#ports.queued(this.#eventId, this.#size)
    if (batch.length === 0) {
      this.#say('idle')
      return false
    }
    this.#say('sending')
    let answers: Answer[]
    try {
      answers = await this.#ports.upload(batch)
      this.#size = BATCH
    } catch (error) {
      if (!isProblem(error) || ![400, 413, 422].includes(error.status)) throw error
      // Something in it cannot be read: find it by halves, and let the others through.
      if (batch.length > 1) {
        this.#size = Math.ceil(batch.length / 2)
        return true
      }
      const scan = batch[0] as Scan
      answers = [{ scanId: scan.scanId, result: error.code }]
    }
    await this.#settle(batch, answers)
    this.#failures = 0
    return true
  }

  async #settle(batch: Scan[], answers: Answer[]): Promise<void> {
    const byId = new Map(answers.map((answer) => [answer.scanId, answer]))
    const settled = batch.flatMap((scan) => {
      const answer = byId.get(scan.scanId)
      return answer ? [settle(scan, answer)] : []
    })
    if (settled.length === 0) throw new Error('an upload was answered without any of its scans')
    await this.#ports.keep(settled)
    this.#ports.onSettled(settled)
  }

  /** Says what is the matter, and tries again later. Nothing goes on at once. */
  #wait(error: unknown): false {
    this.#failures += 1
    const status = isProblem(error) ? error.status : undefined
    this.#say(status === 401 ? 'signed_out' : status === 403 || status === 404 ? 'not_allowed' : 'waiting')
    const wait = isProblem(error) ? error.retryAfter : undefined
    this.#cancelPause = this.#ports.later(
      () => void this.kick(),
      pauseAfter(this.#failures, this.#ports.random(), wait),
    )
    return false
  }

  #say(state: OutboxState): void {
    this.#ports.onState(this.#eventId, state)
  }
}
