import type { Place } from './types'

/** What staff are told of a ticket's place, out of whatever else an answer says. */
export const placeOf = ({ section, row, label, level, ticketType }: Place): Place => ({
  section,
  row,
  label,
  level,
  ticketType,
})
