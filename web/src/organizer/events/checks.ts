import { parseAmount } from '../amounts'
import type { Faults } from '../kit/refusal'
import { fromWall } from '../zones'
import { type EventDraft, performersOf } from './draft'

/** Names a message, with what it mentions. */
type Fault = { key: string; values?: Record<string, number> }

/** A number typed in a form, in whole or with a fraction. */
function inRange(text: string, min: number, max: number, whole: boolean): boolean {
  const value = Number(text.trim().replace(',', '.'))
  return text.trim() !== '' && value >= min && value <= max && (!whole || Number.isInteger(value))
}

const range = (min: number, max: number): Fault => ({ key: 'fault.range', values: { min, max } })
const REQUIRED: Fault = { key: 'fault.required' }
/** A level's or ticket type's key, as the server takes it. */
const KEY = /^[A-Za-z0-9._~]{1,40}$/

/**
 * What can be told before anything is sent, by the field's name in the API. The server decides on the
 * rest, and on all of it again.
 */
export function faultsOf(draft: EventDraft, zone: string, now: number): Record<string, Fault> {
  const faults: Record<string, Fault> = {}
  const check = (field: string, isFine: boolean, fault: Fault) => {
    if (!isFine && !faults[field]) faults[field] = fault
  }
  check('venueId', draft.venueId !== '', REQUIRED)
  check('name', draft.name.trim() !== '', REQUIRED)
  check('performers', performersOf(draft.performers).length <= 100, {
    key: 'fault.many',
    values: { max: 100 },
  })
  for (const [index, start] of draft.starts.entries()) {
    const at = fromWall(start, zone)
    check(`startsAt.${index}`, at !== undefined, REQUIRED)
    check(`startsAt.${index}`, !at || Date.parse(at) > now, { key: 'fault.past' })
    check(`startsAt.${index}`, draft.starts.indexOf(start) === index, { key: 'fault.twice' })
  }
  check('doorsAt', draft.doorsMinutes === '' || inRange(draft.doorsMinutes, 0, 1440, true), range(0, 1440))
  check('endsAt', draft.lastsMinutes === '' || inRange(draft.lastsMinutes, 1, 20_160, true), range(1, 20_160))
  for (const [index, { name, amount }] of draft.levels.entries()) {
    check(`priceLevels.${index}.name`, name.trim() !== '', REQUIRED)
    check(`priceLevels.${index}.amount`, parseAmount(amount, draft.currency) !== undefined, {
      key: 'fault.amount',
    })
  }
  for (const [index, { key, name, share, fixed }] of draft.types.entries()) {
    check(`ticketTypes.${index}.name`, name.trim() !== '', REQUIRED)
    check(`ticketTypes.${index}.key`, KEY.test(key.trim()), { key: 'fault.key' })
    check(
      `ticketTypes.${index}.key`,
      draft.types.findIndex((other) => other.key.trim() === key.trim()) === index,
      { key: 'fault.twice' },
    )
    if (!fixed) check(`ticketTypes.${index}.pricing`, inRange(share, 0, 1000, false), range(0, 1000))
    else if (
      Object.values(fixed).some((text) => text.trim() && parseAmount(text, draft.currency) === undefined)
    )
      check(`ticketTypes.${index}.pricing`, false, { key: 'fault.amount' })
  }
  for (const [index, { opensAt, closesAt }] of draft.windows.entries()) {
    const opens = fromWall(opensAt, zone)
    const closes = closesAt ? fromWall(closesAt, zone) : undefined
    check(`saleWindows.${index}.opensAt`, opens !== undefined, REQUIRED)
    check(`saleWindows.${index}.closesAt`, !opens || !closes || closes > opens, { key: 'fault.order' })
  }
  check('holdSeconds', inRange(draft.holdMinutes, 0.5, 60, false), range(0.5, 60))
  check('seatsPerHoldMax', inRange(draft.seatsPerHold, 1, 10, true), range(1, 10))
  check(
    'ticketsPerFanMax',
    draft.ticketsPerFan.trim() === '' || inRange(draft.ticketsPerFan, 1, 1_000_000, true),
    range(1, 1_000_000),
  )
  check(
    'accessibleRelease',
    draft.accessible !== 'from' || fromWall(draft.accessibleFrom, zone) !== undefined,
    REQUIRED,
  )
  check('refundWindowSeconds', inRange(draft.refundHours, 0, 8760, false), range(0, 8760))
  return faults
}

type Translate = (key: string, values?: Record<string, number>) => string

/** The same in words. */
export function spoken(faults: Record<string, Fault>, t: Translate): Faults {
  return Object.fromEntries(Object.entries(faults).map(([field, { key, values }]) => [field, t(key, values)]))
}
