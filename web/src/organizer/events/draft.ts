import { amountText, parseAmount } from '../amounts'
import type { EventPatch, NewEvent, OwnEvent, OwnTicketType, SaleWindow, Schemas } from '../types'
import { fromWall, toWall } from '../zones'

export type LevelDraft = { id?: string; key: string; name: string; amount: string }
/** `share`: percent of the level's price. `fixed`: amounts by level key; empty ones keep the level's price. */
export type TypeDraft = { key: string; name: string; share: string; fixed?: Record<string, string> }
export type WindowDraft = { kind: SaleWindow['kind']; opensAt: string; closesAt: string }

/** An event as a form has it: texts as typed, times by the clock of the venue. */
export type EventDraft = {
  venueId: string
  seatMapId: string
  name: string
  type: Schemas['EventType']
  /** One in a line: names have commas in them. */
  performers: string
  /** Starts: more than one makes as many events of one series. */
  starts: string[]
  doorsMinutes: string
  lastsMinutes: string
  currency: string
  levels: LevelDraft[]
  types: TypeDraft[]
  windows: WindowDraft[]
  holdMinutes: string
  seatsPerHold: string
  ticketsPerFan: string
  orphanPolicy: Schemas['OrphanPolicy']
  /** `from`: from `accessibleFrom` on, which is read in that case alone. */
  accessible: AccessibleRule | 'from'
  accessibleFrom: string
  refundHours: string
  barcodes: Schemas['Barcodes']
}

/** When accessible places are sold to everyone. */
export const ACCESSIBLE_RULES = ['never', 'rest_sold_out', 'always'] as const
type AccessibleRule = (typeof ACCESSIBLE_RULES)[number]

/** The type that every event has. */
export const STANDARD = 'standard'
const MINUTE = 60_000

export const emptyDraft = (standardName: string): EventDraft => ({
  venueId: '',
  seatMapId: '',
  name: '',
  type: 'concert',
  performers: '',
  starts: [''],
  doorsMinutes: '60',
  lastsMinutes: '150',
  currency: 'EUR',
  levels: [],
  types: [{ key: STANDARD, name: standardName, share: '100' }],
  windows: [],
  holdMinutes: '8',
  seatsPerHold: '8',
  ticketsPerFan: '',
  orphanPolicy: 'avoid',
  accessible: 'never',
  accessibleFrom: '',
  refundHours: '24',
  barcodes: 'any',
})

const percent = (basisPoints: number) => String(basisPoints / 100)

function typeDraft({ key, name, pricing }: OwnTicketType, currency: string): TypeDraft {
  if ('factor' in pricing) return { key, name, share: percent(pricing.factor.basisPoints) }
  const amounts = Object.entries(pricing.fixed.prices)
  return {
    key,
    name,
    share: '100',
    fixed: Object.fromEntries(amounts.map(([level, amount]) => [level, amountText({ amount, currency })])),
  }
}

function accessibleOf(release: string, zone: string): Pick<EventDraft, 'accessible' | 'accessibleFrom'> {
  const accessible = ACCESSIBLE_RULES.find((rule) => rule === release)
  return accessible
    ? { accessible, accessibleFrom: '' }
    : { accessible: 'from', accessibleFrom: toWall(release, zone) }
}

export function draftOf(event: OwnEvent, zone: string): EventDraft {
  const start = Date.parse(event.startsAt)
  const minutes = (at: string | null | undefined, sign: number) =>
    at ? String(Math.round(((Date.parse(at) - start) * sign) / MINUTE)) : ''
  return {
    venueId: event.venueId,
    seatMapId: event.seatMapId ?? '',
    name: event.name,
    type: event.type as EventDraft['type'],
    performers: event.performers.join('\n'),
    starts: [toWall(event.startsAt, zone)],
    doorsMinutes: minutes(event.doorsAt, -1),
    lastsMinutes: minutes(event.endsAt, 1),
    currency: event.currency,
    levels: event.priceLevels.map(({ id, key, name, price }) => ({
      id,
      key,
      name,
      amount: amountText(price),
    })),
    types: event.ticketTypes.map((type) => typeDraft(type, event.currency)),
    windows: event.saleWindows.map(({ kind, opensAt, closesAt }) => ({
      kind,
      opensAt: toWall(opensAt, zone),
      closesAt: closesAt ? toWall(closesAt, zone) : '',
    })),
    holdMinutes: String(event.holdSeconds / 60),
    seatsPerHold: String(event.seatsPerHoldMax),
    ticketsPerFan: event.ticketsPerFanMax ? String(event.ticketsPerFanMax) : '',
    orphanPolicy: event.orphanPolicy as EventDraft['orphanPolicy'],
    ...accessibleOf(event.accessibleRelease, zone),
    refundHours: String(event.refundWindowSeconds / 3600),
    barcodes: event.barcodes,
  }
}

/** One row for each level of a seat map, keeping what was typed for those it has already. */
export function levelsFor(keys: readonly string[], known: readonly LevelDraft[]): LevelDraft[] {
  return keys.map((key) => known.find((level) => level.key === key) ?? { key, name: titled(key), amount: '' })
}

const titled = (key: string) => key.charAt(0).toUpperCase() + key.slice(1).replaceAll(/[-_]/g, ' ')

export const performersOf = (text: string): string[] =>
  text
    .split('\n')
    .map((name) => name.trim())
    .filter(Boolean)

const shifted = (at: string, minutes: string, sign: number): string | null =>
  minutes.trim() === '' ? null : new Date(Date.parse(at) + sign * Number(minutes) * MINUTE).toISOString()

function pricingOf({ share, fixed }: TypeDraft, currency: string): OwnTicketType['pricing'] {
  if (!fixed) return { factor: { basisPoints: Math.round(Number(share.replace(',', '.')) * 100) } }
  const amounts = Object.entries(fixed).flatMap(([level, text]) => {
    const amount = parseAmount(text, currency)
    return amount === undefined ? [] : [[level, amount] as const]
  })
  return { fixed: { prices: Object.fromEntries(amounts) } }
}

/** What is sent for one start. The draft has no faults. */
export function bodyOf(draft: EventDraft, zone: string, start: string): NewEvent {
  const startsAt = fromWall(start, zone) ?? ''
  return {
    venueId: draft.venueId,
    seatMapId: draft.seatMapId || null,
    name: draft.name.trim(),
    type: draft.type,
    performers: performersOf(draft.performers),
    startsAt,
    doorsAt: shifted(startsAt, draft.doorsMinutes, -1),
    endsAt: shifted(startsAt, draft.lastsMinutes, 1),
    currency: draft.currency as NewEvent['currency'],
    priceLevels: draft.levels.map(({ id, key, name, amount }) => ({
      ...(id ? { id } : {}),
      key,
      name: name.trim(),
      amount: parseAmount(amount, draft.currency) ?? null,
    })),
    ticketTypes: draft.types.map((type) => ({
      key: type.key.trim(),
      name: type.name.trim(),
      pricing: pricingOf(type, draft.currency),
    })),
    saleWindows: draft.windows.map(({ kind, opensAt, closesAt }) => ({
      kind,
      opensAt: fromWall(opensAt, zone) ?? '',
      ...(closesAt ? { closesAt: fromWall(closesAt, zone) ?? null } : {}),
    })),
    holdSeconds: Math.round(Number(draft.holdMinutes.replace(',', '.')) * 60),
    seatsPerHoldMax: Number(draft.seatsPerHold),
    ticketsPerFanMax: draft.ticketsPerFan.trim() ? Number(draft.ticketsPerFan) : null,
    orphanPolicy: draft.orphanPolicy,
    accessibleRelease:
      draft.accessible === 'from' ? (fromWall(draft.accessibleFrom, zone) ?? '') : draft.accessible,
    refundWindowSeconds: Math.round(Number(draft.refundHours.replace(',', '.')) * 3600),
    barcodes: draft.barcodes,
  }
}

/** Only what differs: a published event refuses what is fixed, even when it stays as it was. */
export function patchOf(before: EventDraft, after: EventDraft, zone: string, version: number): EventPatch {
  const was = bodyOf(before, zone, before.starts[0] ?? '')
  const is = bodyOf(after, zone, after.starts[0] ?? '')
  const { venueId: _venue, seatMapId: _map, currency: _currency, ...fields } = is
  const changed = Object.entries(fields).filter(
    ([field, value]) => JSON.stringify(value) !== JSON.stringify(was[field as keyof NewEvent]),
  )
  return { ...Object.fromEntries(changed), version }
}

/** The fields in which two drafts differ. */
export const changedFields = (before: EventDraft, after: EventDraft): (keyof EventDraft)[] =>
  (Object.keys(after) as (keyof EventDraft)[]).filter(
    (field) => JSON.stringify(after[field]) !== JSON.stringify(before[field]),
  )

/** What somebody made of `before`, upon a newer event: what they changed is as they have it, the rest as it is now. */
export function rebase(before: EventDraft, mine: EventDraft, now: EventDraft): EventDraft {
  const kept = changedFields(before, mine).map((field) => [field, mine[field]])
  return { ...now, ...Object.fromEntries(kept) }
}
