import type { OwnEvent } from '../types'

type Attention = {
  event: OwnEvent
  /** Names the message that says what to do. */
  what:
    | 'noMap'
    | 'noPrices'
    | 'unpublished'
    | 'notOnSale'
    | 'noNewDate'
    | 'almostGone'
    | 'soldOut'
    | 'tonight'
}

const DAY = 86_400_000
/** A draft this close to its start should be on its way. */
const SOON = 60 * DAY
/** Gone beyond this share: worth another date. */
const NEARLY = 0.9

/** What somebody should look at, most pressing first, each event once. */
export function attentionTo(
  events: readonly OwnEvent[],
  now: number,
  left: (event: string) => number | undefined,
): Attention[] {
  return events
    .map((event) => ({ event, what: concern(event, now, left(event.id)) }))
    .filter((found): found is Attention => found.what !== undefined)
    .sort((a, b) => ORDER.indexOf(a.what) - ORDER.indexOf(b.what) || startOf(a.event) - startOf(b.event))
}

const ORDER: readonly Attention['what'][] = [
  'tonight',
  'noNewDate',
  'notOnSale',
  'noMap',
  'noPrices',
  'unpublished',
  'soldOut',
  'almostGone',
]

const startOf = (event: OwnEvent): number => Date.parse(event.startsAt)

function concern(event: OwnEvent, now: number, left: number | undefined): Attention['what'] | undefined {
  const start = startOf(event)
  if (event.state === 'cancelled' || start < now - DAY / 2) return undefined
  if (event.state === 'postponed') return 'noNewDate'
  if (event.state === 'draft') {
    if (!event.seatMapId) return 'noMap'
    if (event.priceLevels.length === 0) return 'noPrices'
    return start - now < SOON ? 'unpublished' : undefined
  }
  if (start - now < DAY) return 'tonight'
  if (event.status === 'off_sale') return 'notOnSale'
  if (left === 0 && event.capacity > 0) return 'soldOut'
  if (left !== undefined && left < event.capacity * (1 - NEARLY)) return 'almostGone'
  return undefined
}
