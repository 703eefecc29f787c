/**
 * How far the server's clock is ahead of this device's, from the `Date` of its answers. A hold ends by the
 * server's clock, and which of two scans of a ticket was first is decided by the times they carry: a device
 * with a wrong clock would take a good hold for over, or let the wrong guest in.
 */
type ServerClock = { low: number; high: number }

export const unknownClock: ServerClock = {
  low: Number.NEGATIVE_INFINITY,
  high: Number.POSITIVE_INFINITY,
}

/** `Date` says the second in which the server answered, some time between `sent` and `received`. */
export function heard(clock: ServerClock, date: string | null, sent: number, received: number): ServerClock {
  const second = date ? Date.parse(date) : Number.NaN
  if (Number.isNaN(second)) return clock
  const low = second - received
  const high = second + 999 - sent
  const both = { low: Math.max(clock.low, low), high: Math.min(clock.high, high) }
  // One of the two clocks was set since: what was heard before is worth nothing.
  return both.low <= both.high ? both : { low, high }
}

/** In milliseconds; nothing where no clock is wrong by what was heard. */
export function offsetOf({ low, high }: ServerClock): number {
  if (low <= 0 && high >= 0) return 0
  return Math.round(Math.abs(low) < Math.abs(high) ? low : high)
}

const KEPT = 'clock'

function keptClock(): ServerClock {
  try {
    const { low, high } = JSON.parse(localStorage.getItem(KEPT) ?? 'null')
    if (Number.isFinite(low) && Number.isFinite(high)) return { low, high }
  } catch {
    // Nothing was kept, or nothing of use.
  }
  return unknownClock
}

let clock: ServerClock | undefined

/** Takes the time out of an answer of the server. */
export function hear(response: Response, sent: number): void {
  const before = clock ?? keptClock()
  clock = heard(before, response.headers.get('Date'), sent, Date.now())
  if (clock.low === before.low && clock.high === before.high) return
  try {
    localStorage.setItem(KEPT, JSON.stringify(clock))
  } catch {
    // A full storage: what is known in memory does for as long as the page is open.
  }
}

/** Now by the server's clock, in ms since 1970. */
export function serverNow(): number {
  clock ??= keptClock()
  return Date.now() + offsetOf(clock)
}
