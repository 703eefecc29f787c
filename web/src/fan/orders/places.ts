import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import type { Order } from '../../api/types'
import { placeOf } from '../tickets/place'
import { myTicketsQuery } from '../tickets/ticketQueries'

/** Names the place of an order's ticket as the ticket itself does; by its id once it is no longer one's own. */
export function usePlaces(): (ticket: Order['tickets'][number]) => string {
  const { t } = useTranslation()
  const { data } = useQuery(myTicketsQuery)
  return ({ id, seat }) => {
    const own = data?.tickets.find((ticket) => ticket.id === id)
    return own ? placeOf(own, t) : seat.replaceAll('-', ' · ')
  }
}
