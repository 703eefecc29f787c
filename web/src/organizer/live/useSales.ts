import { useQuery } from '@tanstack/react-query'
import { useEffect, useRef } from 'react'
import { salesQuery } from '../queries'

/** What changes without a sale, as by a refund, is found by this slower beat. */
const CALM_MS = 20_000
/** Right after a sale, but no more often than this. */
const QUICK_MS = 4_000

/** What an event has sold, asked again soon after `sold` changes. */
export function useSales(org: string, event: string, sold: number | undefined, enabled: boolean) {
  const query = useQuery({ ...salesQuery(org, event), enabled, refetchInterval: CALM_MS, staleTime: 0 })
  const { refetch } = query
  const last = useRef(0)
  useEffect(() => {
    if (!enabled || sold === undefined) return
    const wait = Math.max(0, last.current + QUICK_MS - Date.now())
    const timer = setTimeout(() => {
      last.current = Date.now()
      void refetch({ cancelRefetch: false })
    }, wait)
    return () => clearTimeout(timer)
  }, [sold, enabled, refetch])
  return query
}
