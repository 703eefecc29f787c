import { queryOptions, useQuery } from '@tanstack/react-query'
import { api, ok } from '../api/client'
import { useMe } from '../api/me'
import { queryClient } from '../api/query'
import type { Hold } from '../api/types'

/** What the fan holds, wherever it was held: after a reload, in another tab, on another device. */
export const holdsQuery = queryOptions({
  queryKey: ['me', 'holds'],
  queryFn: async ({ signal }) => (await ok(api.GET('/api/v1/me/holds', { signal }))).items,
})

const isLive = (hold: Hold) => hold.status === 'held' && Date.parse(hold.expiresAt) > Date.now()

const NONE: readonly Hold[] = []

export function useActiveHolds(): readonly Hold[] {
  const { me } = useMe()
  const { data } = useQuery({ ...holdsQuery, enabled: Boolean(me) })
  return data?.filter(isLive) ?? NONE
}

export const placesOf = (hold: Hold): number =>
  hold.seats.length + hold.areas.reduce((sum, area) => sum + area.quantity, 0)

export function rememberHold(hold: Hold): void {
  queryClient.setQueryData(holdsQuery.queryKey, (before) => [hold, ...(before ?? [])])
}

export function forgetHold(id: string): void {
  queryClient.setQueryData(holdsQuery.queryKey, (before) => before?.filter((hold) => hold.id !== id))
}
