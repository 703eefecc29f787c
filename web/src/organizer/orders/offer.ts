import { queryOptions } from '@tanstack/react-query'
import { api, ok } from '../../api/client'

/** What a refund would give back now. Asking changes nothing, and is refused as the refund would be. */
export const refundOfferQuery = (org: string, order: string, tickets: readonly string[], refunded: number) =>
  queryOptions({
    // What went back before is part of the question: after it the answer is another.
    queryKey: ['me', 'org', org, 'offer', order, tickets, refunded],
    queryFn: ({ signal }) =>
      ok(
        api.GET('/api/v1/organizers/{org}/orders/{order}/refund', {
          params: { path: { org, order }, query: { tickets: tickets.join(',') } },
          signal,
        }),
      ),
    staleTime: 0,
  })
