import { useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { browserWorld, type Delta, type Freshness, LiveConnection, liveUrl, type Snapshot } from '../../live'
import { availabilityQuery, geometryQuery } from '../queries'
import { countSections, type SectionCounts, seatCount } from '../sections'

/** A rush is counted this often: numbers that flicker are read by nobody. */
const REPEAT_MS = 400

export type LiveCounts = {
  counts: SectionCounts[] | undefined
  freshness: Freshness
  error: unknown
  retry: () => void
}

/**
 * How many places of each section are in which state, as they sell. The sections come once by an ordinary
 * request; what happens to their seats comes live, also where no map can be drawn.
 */
export function useLiveCounts(event: string): LiveCounts {
  const first = useQuery({ ...availabilityQuery(event), staleTime: 60_000, refetchOnWindowFocus: false })
  const geometry = useQuery({
    ...geometryQuery(event),
    // Only the capacity of areas is wanted of it.
    enabled: (first.data?.areas.length ?? 0) > 0,
  })
  const [counts, setCounts] = useState<SectionCounts[]>()
  const [freshness, setFreshness] = useState<Freshness>('connecting')
  const shape = first.data
  const areas = geometry.data?.areas
  const isReady = shape !== undefined && (shape.areas.length === 0 || geometry.data !== undefined)
  const { refetch } = first
  useEffect(() => {
    if (!shape || !isReady) return
    const seats = new Uint8Array(seatCount(shape))
    const left = new Map(shape.areas.map(({ id, available }) => [id, available]))
    const capacity = new Map(areas?.map((area) => [area.id, area.capacity]))
    let timer: ReturnType<typeof setTimeout> | undefined
    const count = () => {
      timer = undefined
      const now = shape.areas.map((area) => ({ ...area, available: left.get(area.id) ?? area.available }))
      setCounts(countSections(shape.sections, now, seats, (id) => capacity.get(id)))
    }
    const connection = new LiveConnection(liveUrl(event), browserWorld(event), {
      snapshot: (snapshot: Snapshot) => {
        // The event has moved to another version of the map: its sections are read anew.
        if (snapshot.map !== shape.map) return void refetch()
        seats.set(snapshot.seats.subarray(0, seats.length))
        for (const { id, available } of snapshot.areas) left.set(id, available)
        count()
      },
      delta: (delta: Delta) => {
        for (const [seat, status] of delta.seats) seats[seat] = status
        for (const { id, available } of delta.areas) left.set(id, available)
        timer ??= setTimeout(count, REPEAT_MS)
      },
      freshness: setFreshness,
    })
    return () => {
      connection.close()
      clearTimeout(timer)
    }
  }, [event, shape, areas, isReady, refetch])
  return { counts, freshness, error: first.error ?? geometry.error, retry: () => void refetch() }
}
