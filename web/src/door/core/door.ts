import { isProblem } from '../../api/problem'
import { onSessionChange } from '../../api/session'
import { serverNow } from '../../lib/clock'
import { STEP_MS } from '../../lib/liveBarcode'
import { normalized, parseBarcode } from './barcode'
import { checkCode } from './code'
import { gate } from './device'
import { isVerdict, judge, knownFrom } from './judge'
import { refreshList } from './list'
import { Outbox, type OutboxState, settle } from './outbox'
import { preparePack, scanBatch, scanLive } from './pack'
import { placeOf } from './place'
import { checkSignature } from './signature'
import { keepScan, keepScans, listed, listState, queued, queues, scansOf, scansOfTicket } from './store'
import type { Answer, Pack, Scan, Verdict } from './types'

/** How often the list of tickets is brought up to date while there is a network, and all else is fetched anew. */
const LIST_MS = 60_000
const REFRESH_MS = 5 * 60_000

export type DoorState = {
  pack: Pack
  /** As of when this device knows the event's tickets; not at all before the first list is here. */
  listedAt: string | undefined
  /** Of this event on this device, the oldest first. */
  scans: readonly Scan[]
  /** Scans on this device that wait to be sent: of this event, and of others. */
  waiting: number
  elsewhere: number
  link: 'up' | 'down'
  outbox: OutboxState
  /** The scan to show full-screen; each is an object of its own. */
  showing: Scan | null
}

/** A device at a door: judges what is scanned, keeps it, and sends it. */
export class Door {
  #state: DoorState
  #listeners = new Set<() => void>()
  #outbox: Outbox
  #turn: Promise<unknown> = Promise.resolve()
  #ends: (() => void)[] = []
  /** The scan that somebody waits for: the queue leaves it alone. */
  #asking: string | undefined
  #listing: Promise<void> | undefined

  constructor(pack: Pack) {
    this.#state = {
      pack,
      listedAt: undefined,
      scans: [],
      waiting: 0,
      elsewhere: 0,
      link: navigator.onLine ? 'up' : 'down',
      outbox: 'idle',
      showing: null,
    }
    this.#outbox = new Outbox({
      events: async () => (await queues()).keys(),
      queued: async (event, limit) =>
        (await queued(event, limit)).filter(({ scanId }) => scanId !== this.#asking),
      keep: keepScans,
      upload: (scans) => this.#upload(scans),
      onState: (event, outbox) => {
        if (event === pack.eventId) this.#set({ outbox })
      },
      onSettled: (scans) => void this.#replace(scans),
      later: (run, ms) => {
        const timer = setTimeout(run, ms)
        return () => clearTimeout(timer)
      },
      random: Math.random,
    })
  }

  /** Loads what this device has scanned before, and begins to send what waits. */
  async open(): Promise<void> {
    const { eventId } = this.#state.pack
    const [scans, list] = await Promise.all([scansOf(eventId), listState(eventId)])
    this.#set({ scans, listedAt: list?.asOf })
    await this.#count()
    const online = () => {
      this.#set({ link: 'up' })
      void this.#outbox.kick()
      void this.#refresh()
      void this.#list()
    }
    const offline = () => this.#set({ link: 'down' })
    window.addEventListener('online', online)
    window.addEventListener('offline', offline)
    const refresh = setInterval(() => void this.#refresh(), REFRESH_MS)
    const listing = setInterval(() => void this.#list(), LIST_MS)
    this.#ends = [
      () => window.removeEventListener('online', online),
      () => window.removeEventListener('offline', offline),
      () => clearInterval(refresh),
      () => clearInterval(listing),
      onSessionChange(() => void this.#outbox.kick()),
      () => this.#outbox.stop(),
    ]
    void this.#outbox.kick()
    void this.#refresh()
    void this.#list()
  }

  close(): void {
    for (const end of this.#ends) end()
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  snapshot = (): DoorState => this.#state

  dismiss = (): void => this.#set({ showing: null })

  /** One after the other: the second of two scans of a ticket has to see the first. */
  scan = (raw: string): Promise<Scan> => {
    // Whoever scans has to see and hear an answer, also of a device that cannot keep anything.
    const next = this.#turn.then(() => this.#scan(raw)).catch(() => this.#fault())
    this.#turn = next
    return next
  }

  settleConflict = async (scan: Scan): Promise<void> => {
    const settled = { ...scan, settled: true }
    await keepScans([settled])
    await this.#replace([settled])
  }

  sendNow = (): Promise<void> => this.#outbox.kick()

  #fault(): Scan {
    const showing: Scan = { ...blankScan(this.#state.pack, serverNow()), verdict: 'fault' }
    this.#set({ showing })
    return showing
  }

  async #scan(raw: string): Promise<Scan> {
    const text = normalized(raw)
    const { pack } = this.#state
    const now = serverNow()
    const blank = blankScan(pack, now)
    const barcode = parseBarcode(text)
    // No ticket of anybody's: what is on it is nobody's business, so it is not kept either.
    if (!barcode) return this.#show(await keepScan(blank))
    const { ticketId, generation, eventId: ticketEventId } = barcode
    const [seal, code, before, onList] = await Promise.all([
      checkSignature(pack.keys, barcode),
      // The code of another event's ticket cannot be checked here, nor does it matter.
      ticketEventId === pack.eventId ? checkCode(pack.liveKeys, barcode) : 'genuine',
      scansOfTicket(pack.eventId, ticketId),
      listed(ticketId),
    ])
    const finding = seal === 'genuine' ? code : seal
    const scan: Scan = { ...blank, barcode: text, state: 'queued' }
    if (finding !== 'genuine') scan.verdict = finding === 'forged' ? 'forged' : 'unknown'
    else {
      const known = knownFrom(before, generation, onList)
      const verdict = judge(pack, barcode, now, known)
      const shownAt = barcode.live ? new Date(barcode.live.step * STEP_MS).toISOString() : null
      Object.assign(scan, { ticketId, generation, ticketEventId, verdict, shownAt })
      if (onList) scan.place = placeOf(onList)
      if (verdict === 'already_used') {
        // What this device knows by itself needs nobody's word; it is sent for the record.
        scan.earlier = known.used ?? null
        return this.#show(await keepScan(scan), true)
      }
    }
    // Kept before it is sent: an answer that is lost leaves the scan in the queue.
    const kept = await keepScan(scan)
    const answered = this.#state.link === 'up' ? await this.#ask(kept) : undefined
    if (answered) {
      // The server's word holds either way: a scan that stays in the queue is answered the same again.
      await keepScans([answered]).catch(() => undefined)
      return this.#show(answered)
    }
    if (CERTAIN.includes(kept.verdict)) return this.#show(kept, true)
    // Turned away by what may be out of date here. Sent later, it might use the ticket up for nobody.
    const local: Scan = { ...kept, state: 'local', barcode: null }
    await keepScans([local])
    return this.#show(local)
  }

  async #ask(kept: Scan): Promise<Scan | undefined> {
    this.#asking = kept.scanId
    try {
      const answer = await scanLive(kept.organizerId, bodyOf(kept))
      return isVerdict(answer.result) ? told(kept, answer) : settle(kept, answer)
    } catch (error) {
      // Refused as such, or no answer in time: the queue finds out which.
      if (!isProblem(error) || error.code === 'offline') this.#set({ link: 'down' })
      return undefined
    } finally {
      this.#asking = undefined
    }
  }

  #show(scan: Scan, send = false): Scan {
    const others = this.#state.scans.filter(({ seq }) => seq !== scan.seq)
    this.#set({ scans: [...others, scan], showing: scan })
    void this.#count()
    // Without a network the outbox tries by its own pauses, not once more for every scan.
    if (send && (this.#state.link === 'up' || this.#state.outbox === 'idle'))
      void this.#outbox.kickOne(scan.eventId)
    return scan
  }

  async #upload(scans: Scan[]): Promise<Answer[]> {
    const [{ organizerId, eventId }] = scans as [Scan]
    try {
      const { results } = await scanBatch(organizerId, eventId, scans.map(bodyOf))
      this.#set({ link: 'up' })
      return results
    } catch (error) {
      if (isProblem(error, 'offline')) this.#set({ link: 'down' })
      throw error
    }
  }

  async #replace(changed: Scan[]): Promise<void> {
    const bySeq = new Map(changed.map((scan) => [scan.seq, scan]))
    this.#set({ scans: this.#state.scans.map((scan) => bySeq.get(scan.seq) ?? scan) })
    await this.#count()
  }

  async #count(): Promise<void> {
    try {
      const all = await queues()
      const waiting = all.get(this.#state.pack.eventId) ?? 0
      const elsewhere = [...all.values()].reduce((sum, count) => sum + count, -waiting)
      this.#set({ waiting, elsewhere })
    } catch {
      // What was counted before is as much as is known.
    }
  }

  async #refresh(): Promise<void> {
    if (!navigator.onLine || document.visibilityState !== 'visible') return
    const { organizerId, eventId } = this.#state.pack
    try {
      this.#set({ pack: await preparePack(organizerId, eventId, serverNow) })
    } catch {
      // What was kept before is still good; the screen says how old it is.
    }
  }

  /** One at a time: a stadium's first list takes longer than the pause between two. */
  #list(): Promise<void> {
    this.#listing ??= this.#fetchList().finally(() => {
      this.#listing = undefined
    })
    return this.#listing
  }

  async #fetchList(): Promise<void> {
    if (!navigator.onLine) return
    const { organizerId, eventId } = this.#state.pack
    try {
      this.#set({ listedAt: await refreshList(organizerId, eventId) })
    } catch {
      // The screen says as of when the tickets are known.
    }
  }

  #set(change: Partial<DoorState>): void {
    this.#state = { ...this.#state, ...change }
    for (const listener of this.#listeners) listener()
  }
}

/** Verdicts of this device that the server's later word cannot turn into an admission. */
const CERTAIN: readonly Verdict[] = ['admitted', 'wrong_event', 'forged', 'revoked']

const bodyOf = ({ barcode, gate, scanId, scannedAt, eventId }: Scan) => ({
  barcode: barcode ?? '',
  gate,
  scanId,
  scannedAt,
  eventId,
})

const blankScan = (pack: Pack, now: number): Scan => ({
  scanId: crypto.randomUUID(),
  organizerId: pack.organizerId,
  eventId: pack.eventId,
  gate: gate(),
  scannedAt: new Date(now).toISOString(),
  barcode: null,
  ticketId: null,
  generation: null,
  verdict: 'unknown',
  by: 'device',
  state: 'local',
  place: null,
  earlier: null,
  shownAt: null,
  ticketEventId: null,
  conflict: null,
  settled: false,
})

/** The scan as the server judged it while the guest waited: its word is what staff are told. */
function told(scan: Scan, answer: Answer): Scan {
  const settled = settle(scan, answer)
  const { result, admission } = answer
  if (!isVerdict(result)) return settled
  const earlier =
    result === 'already_used' && admission ? { at: admission.scannedAt, gate: admission.gate } : null
  return {
    ...settled,
    verdict: result === 'unknown' && scan.verdict === 'forged' ? 'forged' : result,
    by: 'server',
    earlier,
    conflict: settled.conflict?.kind === 'also_admitted' ? settled.conflict : null,
  }
}
