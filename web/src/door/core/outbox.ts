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
  queued: (limit: number) => Promise<Scan[]>
  keep: (scans: Scan[]) => Promise<void>
  /** One answer for each scan, in their order. Throws a `Problem`. */
  upload: (organizerId: string, scans: Scan[]) => Promise<Answer[]>
  onState: (state: OutboxState) => void
  onSettled: (scans: Scan[]) => void
  later: (run: () => void, ms: number) => () => void
  random: () => number
}

/**
 * Sends what this device has scanned, the oldest first, until nothing is left. Safe to interrupt anywhere:
 * a scan leaves the queue only with the server's answer, and sending one again gets the same answer.
 */
export class Outbox {
  #ports: Ports
  #running: Promise<void> | undefined
  #again = false
  #failures = 0
  #size = BATCH
  #cancelPause: (() => void) | undefined
  #stopped = false

  constructor(ports: Ports) {
    this.#ports = ports
  }

  /** Sends now, whatever pause there was: a scan was added, the network or the session came back. */
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
      while (!this.#stopped && (await this.#sendOne())) {}
    } while (this.#again && !this.#stopped && !this.#cancelPause)
  }

  /** Whether to go on at once. */
  async #sendOne(): Promise<boolean> {
    const waiting = await this.#ports.queued(this.#size)
    const first = waiting[0]
    if (!first) {
      this.#ports.onState('idle')
      return false
    }
    // One upload is one organizer's; another's scans wait for the next.
    const end = waiting.findIndex(({ organizerId }) => organizerId !== first.organizerId)
    const batch = end < 0 ? waiting : waiting.slice(0, end)
    this.#ports.onState('sending')
    try {
      const answers = await this.#ports.upload(first.organizerId, batch)
      await this.#settle(batch, answers)
      this.#failures = 0
      this.#size = BATCH
      return true
    } catch (error) {
      return this.#failed(error, batch)
    }
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

  async #failed(error: unknown, batch: Scan[]): Promise<boolean> {
    if (isProblem(error) && [400, 413, 422].includes(error.status)) {
      // Something in it cannot be read: find it by halves, and let the others through.
      if (batch.length > 1) {
        this.#size = Math.ceil(batch.length / 2)
        return true
      }
      const scan = batch[0] as Scan
      await this.#settle(batch, [{ scanId: scan.scanId, result: error.code }])
      return true
    }
    this.#failures += 1
    const state =
      isProblem(error) && error.status === 401
        ? 'signed_out'
        : isProblem(error) && (error.status === 403 || error.status === 404)
          ? 'not_allowed'
          : 'waiting'
    this.#ports.onState(state)
    const wait = isProblem(error) ? error.retryAfter : undefined
    this.#cancelPause = this.#ports.later(
      () => void this.kick(),
      pauseAfter(this.#failures, this.#ports.random(), wait),
    )
    return false
  }
}
