import { backoffMs } from './backoff'
import { type Delta, readFrame, type Snapshot } from './frames'

/** How fresh what is shown is: by the socket, by asking now and then, or not at all. */
export type Freshness = 'connecting' | 'live' | 'polling' | 'offline'

export interface LiveListener {
  snapshot(snapshot: Snapshot): void
  delta(delta: Delta): void
  freshness?(freshness: Freshness): void
  eventStatus?(status: string): void
  /** A hold of the one who is signed in is about to expire. */
  holdExpiring?(hold: string, secondsLeft: number): void
  /** The session that the socket was opened with is not good any more: renew it, then `reconnect`. */
  signedOut?(): void
}

/** What the connection needs from around it; tests give their own. */
export interface LiveWorld {
  open(url: string): WebSocket
  /** The seats as they are now, by an ordinary request. */
  ask(): Promise<Snapshot>
  random(): number
  /** Where `online`, `offline` and `visibilitychange` are heard. */
  events: EventTarget
  isOnline(): boolean
  isVisible(): boolean
}

/** After this many failures in a row the seats are asked for while further attempts go on. */
const FAILURES_UNTIL_POLLING = 2
const POLL_MS = 5_000
/** A socket that said nothing for so long is compared with the server: browsers show no pings to a page. */
const SILENCE_MS = 45_000
/** A page that nobody looks at lets go of its socket after this long. */
const HIDDEN_MS = 60_000
/** A connection that lived this long has not failed. */
const STABLE_MS = 5_000

/**
 * Follows an event's seats. Whatever happens to the network, the listener gets a snapshot first and then
 * deltas without a gap; after a lost connection it goes on from the version it has.
 */
export class LiveConnection {
  readonly #url: string
  readonly #world: LiveWorld
  readonly #listener: LiveListener
  #socket: WebSocket | undefined
  #version: number | undefined
  #failures = 0
  #openedAt = 0
  #freshness: Freshness = 'connecting'
  #isClosed = false
  #retry: ReturnType<typeof setTimeout> | undefined
  #poll: ReturnType<typeof setTimeout> | undefined
  #silence: ReturnType<typeof setTimeout> | undefined
  #hidden: ReturnType<typeof setTimeout> | undefined

  /** `version`: of the seats that the listener has already, if any. */
  constructor(url: string, world: LiveWorld, listener: LiveListener, version?: number) {
    this.#url = url
    this.#world = world
    this.#listener = listener
    this.#version = version
    world.events.addEventListener('online', this.#onOnline)
    world.events.addEventListener('offline', this.#onOffline)
    world.events.addEventListener('visibilitychange', this.#onVisibility)
    this.#connect()
  }

  get version(): number | undefined {
    return this.#version
  }

  close(): void {
    this.#isClosed = true
    this.#world.events.removeEventListener('online', this.#onOnline)
    this.#world.events.removeEventListener('offline', this.#onOffline)
    this.#world.events.removeEventListener('visibilitychange', this.#onVisibility)
    for (const timer of [this.#retry, this.#poll, this.#silence, this.#hidden]) clearTimeout(timer)
    this.#drop()
  }

  /** Connects anew, as after signing in: a socket belongs to whoever opened it. */
  reconnect(): void {
    this.#drop()
    this.#failures = 0
    this.#connect()
  }

  readonly #onOnline = () => this.reconnect()

  readonly #onOffline = () => {
    this.#drop()
    clearTimeout(this.#retry)
    clearTimeout(this.#poll)
    this.#become('offline')
  }

  readonly #onVisibility = () => {
    clearTimeout(this.#hidden)
    if (!this.#world.isVisible()) {
      this.#hidden = setTimeout(() => {
        this.#drop()
        clearTimeout(this.#retry)
        clearTimeout(this.#poll)
      }, HIDDEN_MS)
    } else if (!this.#socket) this.reconnect()
    else void this.#compare()
  }

  #connect(): void {
    clearTimeout(this.#retry)
    if (this.#isClosed) return
    if (!this.#world.isOnline()) {
      this.#become('offline')
      return
    }
    const since = this.#version === undefined ? '' : `?since=${this.#version}`
    const socket = this.#world.open(this.#url + since)
    this.#socket = socket
    this.#openedAt = 0
    socket.onopen = () => {
      this.#openedAt = Date.now()
    }
    socket.onmessage = ({ data }) => {
      if (this.#socket === socket && typeof data === 'string') this.#hear(data)
    }
    socket.onclose = () => {
      if (this.#socket === socket) this.#lost()
    }
  }

  #hear(text: string): void {
    const frame = readFrame(text)
    if (!frame) return
    this.#listenForSilence()
    switch (frame.type) {
      case 'snapshot':
        this.#take(frame)
        break
      case 'delta':
        if (this.#version === undefined || frame.version > this.#version + 1) {
          // A gap, which the server never leaves: go back to where what is known ends.
          this.#drop()
          this.#connect()
          return
        }
        if (frame.version <= this.#version) break
        this.#version = frame.version
        this.#listener.delta(frame)
        break
      case 'event':
        this.#listener.eventStatus?.(frame.status)
        break
      case 'hold':
        this.#listener.holdExpiring?.(frame.hold, frame.secondsLeft)
        break
      case 'error':
        if (frame.code === 'invalid_token') this.#listener.signedOut?.()
        break
      case 'auth':
        break
    }
    clearTimeout(this.#poll)
    this.#become('live')
  }

  #take(snapshot: Snapshot): void {
    this.#version = snapshot.version
    this.#listener.snapshot(snapshot)
  }

  #lost(): void {
    this.#socket = undefined
    clearTimeout(this.#silence)
    const wasStable = this.#openedAt > 0 && Date.now() - this.#openedAt > STABLE_MS
    this.#failures = wasStable ? 0 : this.#failures + 1
    if (!this.#world.isOnline()) {
      this.#become('offline')
      return
    }
    if (this.#freshness === 'live') this.#become('connecting')
    clearTimeout(this.#retry)
    this.#retry = setTimeout(() => this.#connect(), backoffMs(this.#failures, this.#world.random))
    if (this.#failures >= FAILURES_UNTIL_POLLING && this.#freshness !== 'polling') void this.#pollNow()
  }

  async #pollNow(): Promise<void> {
    clearTimeout(this.#poll)
    const snapshot = await this.#world.ask().catch(() => undefined)
    if (this.#isClosed || this.#freshness === 'live') return
    if (snapshot) {
      if (this.#version === undefined || snapshot.version > this.#version) this.#take(snapshot)
      this.#become('polling')
    } else this.#become(this.#world.isOnline() ? 'connecting' : 'offline')
    if (this.#freshness === 'offline') return
    const wait = POLL_MS * (0.75 + this.#world.random() / 2)
    this.#poll = setTimeout(() => void this.#pollNow(), wait)
  }

  #listenForSilence(): void {
    clearTimeout(this.#silence)
    this.#silence = setTimeout(() => void this.#compare(), SILENCE_MS)
  }

  /** A dead socket looks like a quiet one: if the server knows more than it said, it is dead. */
  async #compare(): Promise<void> {
    const socket = this.#socket
    if (!socket) return
    const snapshot = await this.#world.ask().catch(() => undefined)
    if (this.#socket !== socket) return
    if (snapshot && snapshot.version <= (this.#version ?? -1)) this.#listenForSilence()
    else this.reconnect()
  }

  #drop(): void {
    const socket = this.#socket
    this.#socket = undefined
    clearTimeout(this.#silence)
    socket?.close()
  }

  #become(freshness: Freshness): void {
    if (this.#freshness === freshness) return
    this.#freshness = freshness
    this.#listener.freshness?.(freshness)
  }
}
