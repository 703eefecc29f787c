import type { TFunction } from 'i18next'
import type { Ticket } from '../../api/types'

/** A seat by section, row and number; a place on the floor by its area. */
export function placeOf(ticket: Ticket, t: TFunction): string {
  if (!ticket.row || !ticket.label) return ticket.section
  return t('common:place', { section: ticket.section, row: ticket.row, seat: ticket.label })
}
