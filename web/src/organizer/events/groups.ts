import type { OwnEvent } from '../types'

export const GROUPS = ['coming', 'selling', 'drafts', 'past', 'cancelled'] as const
export type Group = (typeof GROUPS)[number]

/** Half a day after its start an event without an end is over. */
const SHOW_MS = 12 * 3_600_000

type Placed = Pick<OwnEvent, 'state' | 'status' | 'startsAt' | 'endsAt'>

export function isOver({ startsAt, endsAt }: Pick<Placed, 'startsAt' | 'endsAt'>, now: number): boolean {
  return (endsAt ? Date.parse(endsAt) : Date.parse(startsAt) + SHOW_MS) < now
}

/** Whether an event belongs to a group; those on sale are coming too. */
export function isIn(event: Placed, group: Group, now: number): boolean {
  if (event.state === 'cancelled') return group === 'cancelled'
  if (isOver(event, now)) return group === 'past'
  if (event.state === 'draft') return group === 'drafts' || group === 'coming'
  if (group === 'selling') return event.status === 'on_sale' || event.status === 'presale'
  return group === 'coming'
}
