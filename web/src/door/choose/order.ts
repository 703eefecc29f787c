import { admits } from '../core/judge'
import type { Organizer, OwnEvent } from '../core/types'

/** The roles that the server lets check tickets in. */
const SCANNING: readonly string[] = ['owner', 'manager', 'door']

export const mayScan = ({ role }: Pick<Organizer, 'role'>): boolean => SCANNING.includes(role)

type Times = Pick<OwnEvent, 'startsAt' | 'doorsAt' | 'endsAt'>

const window = ({ startsAt, doorsAt, endsAt }: Times) =>
  admits({ startsAt, doorsAt: doorsAt ?? null, endsAt: endsAt ?? null })

export const isNow = (event: Times, now: number): boolean => {
  const { opens, closes } = window(event)
  return now >= opens && now <= closes
}

export const isOver = (event: Times, now: number): boolean => now > window(event).closes
