import { useQuery } from '@tanstack/react-query'
import { useEffect, useRef } from 'react'
import { areasQuery, salesQuery } from '../queries'

/** What changes without a sale, as by a refund, is found by this slower beat. */
const CALM_MS = 20_000
/** Of a hold in an area that becomes a sale, the live connection tells nothing. */
const AREAS_MS = 5_000
/** Right after a change, but no more often than this. */
const QUICK_MS = 4_000

/** What an event has sold, asked again soon after `sold` changes. */
export function useSales(org: string, event: string, sold: number | undefined, enabled: boolean) {
  const query = useQuery({ ...salesQuery(org, event), enabled, refetchInterval: CALM_MS, staleTime: 0 })
  useSoon(query.refetch, sold, enabled)
  return query
}

/** How the places of an event's areas are taken, asked again soon after `left` of them changes. */
export function useAreas(org: string, event: string, left: number | undefined, enabled: boolean) {
  const query = useQuery({ ...areasQuery(org, event), enabled, refetchInterval: AREAS_MS, staleTime: 0 })
  useSoon(query.refetch, left, enabled)
  return query
}

type Refetch = (options: { cancelRefetch: boolean }) => unknown

function useSoon(refetch: Refetch, changing: number | undefined, enabled: boolean): void {
  const last = useRef(0)
  useEffect(() => {
    if (!enabled || changing === undefined) return
    const wait = Math.max(0, last.current + QUICK_MS - Date.now())
    const timer = setTimeout(() => {
      last.current = Date.now()
      void refetch({ cancelRefetch: false })
    }, wait)
    return () => clearTimeout(timer)
  }, [changing, enabled, refetch])
}
