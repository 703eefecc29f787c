import type { Schemas } from './types'

export type Role = Schemas['Role']
/** A member, or somebody of the platform who looks in and changes nothing. */
export type Standing = { role: Role | 'platform'; events?: string[] | null }

/** What members who work for some events only may do: nothing, what is of those events, or all of it. */
type Limited = 'none' | 'event' | 'some'
type Rule = { roles: readonly Role[]; limited: Limited; look?: true; operation: string }

const EVERYONE = ['owner', 'manager', 'finance', 'door', 'viewer'] as const
const RUN = ['owner', 'manager'] as const
const ORG = '/api/v1/organizers/{org}'
const EVENT = `${ORG}/events/{event}`

/**
 * What is shown to whom. The server decides; these rules only keep buttons away from who would be refused.
 * `docs/authorization.csv` has the same for each call, and a test compares.
 */
export const RULES = {
  seeEvents: { roles: EVERYONE, limited: 'some', look: true, operation: `GET ${ORG}/events` },
  createEvents: { roles: RUN, limited: 'none', operation: `POST ${ORG}/events` },
  runEvent: { roles: RUN, limited: 'event', operation: `PATCH ${EVENT}` },
  blockPlaces: { roles: RUN, limited: 'event', operation: `POST ${EVENT}/block` },
  seeAttendees: {
    roles: ['owner', 'manager', 'finance'],
    limited: 'event',
    look: true,
    operation: `GET ${EVENT}/attendees`,
  },
  seeSales: {
    roles: ['owner', 'manager', 'finance', 'viewer'],
    limited: 'event',
    look: true,
    operation: `GET ${EVENT}/sales`,
  },
  seeAttendance: {
    roles: ['owner', 'manager', 'door'],
    limited: 'event',
    look: true,
    operation: `GET ${EVENT}/checkins/attendance`,
  },
  seeOrders: {
    roles: ['owner', 'manager', 'finance', 'viewer'],
    limited: 'some',
    look: true,
    operation: `GET ${ORG}/orders`,
  },
  refund: {
    roles: ['owner', 'manager', 'finance'],
    limited: 'none',
    operation: `POST ${ORG}/orders/{order}/refund`,
  },
  seeTicket: {
    roles: ['owner', 'manager', 'finance'],
    limited: 'some',
    look: true,
    operation: `GET ${ORG}/tickets/{ticket}`,
  },
  seeVenues: {
    roles: EVERYONE,
    limited: 'none',
    look: true,
    operation: `GET ${ORG}/venues/{venue}/seat-maps`,
  },
  editVenues: { roles: RUN, limited: 'none', operation: `POST ${ORG}/venues` },
  seeStaff: { roles: RUN, limited: 'none', look: true, operation: `GET ${ORG}/members` },
  editStaff: { roles: ['owner'], limited: 'none', operation: `POST ${ORG}/members` },
  editSettings: { roles: ['owner'], limited: 'none', operation: `PATCH ${ORG}` },
  seePrograms: { roles: RUN, limited: 'none', look: true, operation: `GET ${ORG}/api-keys` },
  editPrograms: { roles: RUN, limited: 'none', operation: `POST ${ORG}/api-keys` },
  seeContracts: {
    roles: ['owner', 'finance'],
    limited: 'none',
    look: true,
    operation: `GET ${ORG}/contracts`,
  },
  seeAudit: { roles: ['owner'], limited: 'none', look: true, operation: `GET ${ORG}/audit` },
  scan: { roles: ['owner', 'manager', 'door'], limited: 'some', operation: `POST ${ORG}/checkins` },
} as const satisfies Record<string, Rule>

export type Action = keyof typeof RULES

/** Whether to show what leads to `action`; `event` where it concerns one. */
export function may({ role, events }: Standing, action: Action, event?: string): boolean {
  const rule: Rule = RULES[action]
  if (role === 'platform') return rule.look === true
  if (!rule.roles.includes(role)) return false
  if (!events || rule.limited === 'some') return true
  return rule.limited === 'event' && event !== undefined && events.includes(event)
}
