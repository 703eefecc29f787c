import type { AttendeeFilter } from '../queries'

const EMAIL = /^\S+@\S+\.\S+$/
const ORDER = /^ord_[0-9a-z]{26}$/
const TICKET = /^tkt_[0-9a-z]{26}$/

/** What somebody typed to find a ticket by; nothing for what is none of the three. */
export function wantedOf(text: string): Pick<AttendeeFilter, 'email' | 'order' | 'ticket'> | undefined {
  const typed = text.trim()
  if (!typed) return {}
  if (ORDER.test(typed)) return { order: typed }
  if (TICKET.test(typed)) return { ticket: typed }
  return EMAIL.test(typed) ? { email: typed } : undefined
}
