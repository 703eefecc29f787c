import type { EventType } from '../api/types'

const TYPES: readonly EventType[] = ['concert', 'sport', 'theatre', 'comedy', 'festival', 'family', 'other']
export const EVENT_TYPES = TYPES

const text = (value: unknown, max = 200): string | undefined => {
  const plain = typeof value === 'string' || typeof value === 'number' ? String(value).slice(0, max) : ''
  return plain === '' ? undefined : plain
}
const day = (value: unknown) =>
  typeof value === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(value) ? value : undefined

/** The filters of the discover page: what is in the address is what is shown. */
export type DiscoverSearch = { q?: string; city?: string; type?: EventType; from?: string; to?: string }

export function discoverSearch(search: Record<string, unknown>): DiscoverSearch {
  return {
    q: text(search.q),
    city: text(search.city),
    type: TYPES.find((type) => type === search.type),
    from: day(search.from),
    to: day(search.to),
  }
}

/** `hold`: the ids of the holds to pay for, with commas between them. */
type CheckoutSearch = { hold: string }

export function checkoutSearch(search: Record<string, unknown>): CheckoutSearch {
  return { hold: text(search.hold, 400) ?? '' }
}

/** `placed`: the order was just made, and its page says so. */
type OrderSearch = { placed?: boolean }

export function orderSearch(search: Record<string, unknown>): OrderSearch {
  return { placed: search.placed === true || undefined }
}

type TicketsSearch = { event?: string; ticket?: string; past?: boolean }

export function ticketsSearch(search: Record<string, unknown>): TicketsSearch {
  return { event: text(search.event), ticket: text(search.ticket), past: search.past === true || undefined }
}

type SignInSearch = { next?: string; mode?: 'register' | 'forgot' }

/** `next` leads only to a page of this app: an address from elsewhere would make us a springboard. */
export function signInSearch(search: Record<string, unknown>): SignInSearch {
  const next = text(search.next, 1000)
  return {
    next: next && /^\/(?![/\\])/.test(next) ? next : undefined,
    mode: search.mode === 'register' || search.mode === 'forgot' ? search.mode : undefined,
  }
}

/** What a provider adds to the address that it sends people back to. */
type ProviderSearch = { code?: string; state?: string; iss?: string; error?: string }

export function providerSearch(search: Record<string, unknown>): ProviderSearch {
  return {
    code: text(search.code, 4096),
    state: text(search.state),
    iss: text(search.iss, 2048),
    error: text(search.error),
  }
}
