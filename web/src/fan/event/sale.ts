import type { EventPage } from '../../api/types'

/** The map says what changes as it changes; prices and counts beside it are looked up again this often. */
const REFRESH_MS = 30_000
/** A sale that should have opened is asked after this often, and for so long: it may be a moment late. */
const LATE_MS = 2_000
const LATE_MAX_MS = 30_000
/** Those who wait for one moment ask at different ones. */
const SPREAD_MS = 1_500
const spread = Math.random() * SPREAD_MS

/** When to look at an event again: by and by, and as its sale opens or closes. `now`: by the server's clock. */
export function nextLookMs({ statusChangesAt }: EventPage, now: number): number {
  if (!statusChangesAt) return REFRESH_MS
  const until = Date.parse(statusChangesAt) - now
  if (until < -LATE_MAX_MS) return REFRESH_MS
  return Math.min(REFRESH_MS, Math.max(LATE_MS, until) + spread)
}
