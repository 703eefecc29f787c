import { admitsAt } from '../../lib/liveBarcode'
import type { Barcode } from './barcode'
import type { Listed, Pack, Scan, Sighting, Verdict } from './types'

const HOUR = 3_600_000

/** When the tickets of an event admit; the server decides by the same rule. In ms since 1970. */
export function admits(event: Pick<Pack, 'startsAt' | 'doorsAt' | 'endsAt'>): {
  opens: number
  closes: number
} {
  return {
    opens: Date.parse(event.doorsAt ?? event.startsAt) - 2 * HOUR,
    closes: event.endsAt ? Date.parse(event.endsAt) + 2 * HOUR : Date.parse(event.startsAt) + 12 * HOUR,
  }
}

/** What this device has learned of a ticket from the list, its own scans and the server's word on them. */
export type Known = { used: Sighting | undefined; revoked: boolean }

/** `generation`: of the barcode that is shown now. `listed`: the ticket in the list for scanners. */
export function knownFrom(scans: Scan[], generation: number, listed?: Listed): Known {
  let used: Sighting | undefined
  let revoked = false
  if (listed) {
    const { admission, status, version } = listed
    if (version > generation) revoked = true
    // A later barcode than the list knows of: it says nothing about this one.
    if (version === generation && (status === 'refunded' || status === 'revoked')) revoked = true
    if (admission) used = { at: admission.scannedAt, gate: admission.gate }
  }
  for (const scan of scans) {
    const { conflict, verdict, earlier } = scan
    // A later barcode of the ticket was genuine, so those before it are dead.
    if ((scan.generation ?? 0) > generation) revoked = true
    if (conflict?.kind === 'refused_later') {
      if (conflict.result === 'revoked' && scan.generation === generation) revoked = true
      used ??= conflict.other ?? undefined
    } else if (verdict === 'admitted') used ??= { at: scan.scannedAt, gate: scan.gate }
    else if (verdict === 'already_used' && scan.by === 'server') used ??= earlier ?? undefined
    else if (verdict === 'revoked' && scan.generation === generation) revoked = true
  }
  return { used, revoked }
}

/** What this device can tell by itself of a genuine barcode. In the order of the server's rules. */
export function judge(
  pack: Pick<Pack, 'eventId' | 'startsAt' | 'doorsAt' | 'endsAt' | 'barcodes'>,
  { eventId, live }: Pick<Barcode, 'eventId' | 'live'>,
  now: number,
  known: Known,
): Verdict {
  if (eventId !== pack.eventId) return 'wrong_event'
  if (known.revoked) return 'revoked'
  if (live ? !admitsAt(live.step, now) : pack.barcodes === 'live') return 'not_live'
  const { opens, closes } = admits(pack)
  if (now < opens) return 'not_yet_valid'
  if (now > closes) return 'expired'
  return known.used ? 'already_used' : 'admitted'
}

const VERDICTS: readonly string[] = [
  'admitted',
  'already_used',
  'revoked',
  'wrong_event',
  'not_live',
  'not_yet_valid',
  'expired',
  'unknown',
] satisfies Verdict[]

export const isVerdict = (text: string): text is Verdict => VERDICTS.includes(text)

const WAIT: readonly Verdict[] = ['not_live', 'not_yet_valid', 'wrong_event']

/** Stop: nobody comes in. Wait: the guest goes elsewhere or comes back. */
export type Tone = 'go' | 'wait' | 'stop'

export function toneOf(verdict: Verdict): Tone {
  if (verdict === 'admitted') return 'go'
  return WAIT.includes(verdict) ? 'wait' : 'stop'
}
