/**
 * How far the server's clock is ahead of this device's, from the `Date` of its answers. Which of two scans
 * of a ticket was first is decided by the times they carry, so a scanner with a wrong clock would let the
 * wrong guest in.
 */
export type ServerClock = { low: number; high: number }

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
