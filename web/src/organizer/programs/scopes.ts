import type { Scope } from '../types'

/** About an organizer: the ones an API key can have. */
export const ORGANIZER_SCOPES: readonly Scope[] = [
  'catalog.read',
  'catalog.write',
  'inventory.write',
  'sales.read',
  'buyers.read',
  'refunds.write',
  'checkins.write',
]

/** About the fan whom a client acts for. */
export const FAN_SCOPES: readonly Scope[] = [
  'profile.read',
  'orders.read',
  'orders.write',
  'tickets.read',
  'tickets.write',
  'holds.write',
]
