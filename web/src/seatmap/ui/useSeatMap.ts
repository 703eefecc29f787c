import { useCallback, useEffect, useRef, useState, useSyncExternalStore } from 'react'
import { Problem } from '../../api/problem'
import { canHold, fetchWithSession, onSessionChange } from '../../api/session'
import {
  askAvailability,
  browserWorld,
  type Delta,
  type Freshness,
  LiveConnection,
  liveUrl,
  type Snapshot,
} from '../../live'
import type { SeatIndex } from '../engine/hit'
import { loadPlan, PlanError } from '../engine/load'
import { Occupancy } from '../engine/occupancy'
import { type Plan, SeatIds } from '../engine/plan'

/** A seat map that is ready, and follows what happens to its seats. */
export interface LiveMap {
  readonly plan: Plan
  readonly index: SeatIndex
  readonly ids: SeatIds
  readonly occupancy: Occupancy
}

interface LiveMapEvents {
  onHoldExpiring?: ((hold: string, secondsLeft: number) => void) | undefined
  onEventStatus?: ((status: string) => void) | undefined
}

/** A session that is renewed more often than this is lost. */
const RENEW_EVERY_MS = 30_000

type State = { map?: LiveMap; error?: unknown; freshness: Freshness }

/** Loads an event's seat map and keeps it up to date; again when the event moves to another map. */
export function useSeatMap(event: string, events: LiveMapEvents) {
  const [state, setState] = useState<State>({ freshness: 'connecting' })
  const [attempt, setAttempt] = useState(0)
  const heard = useRef(events)
  heard.current = events

  useEffect(() => {
    const abort = new AbortController()
    let connection: LiveConnection | undefined
    const start = async () => {
      // Together, so that no seat is shown free before it is known to be.
      const [{ plan, index }, first] = await Promise.all([
        loadPlan(`/api/v1/events/${event}/seat-map`, abort.signal),
        askAvailability(event).catch(() => undefined),
      ])
      if (abort.signal.aborted) return
      const map = { plan, index, ids: new SeatIds(plan), occupancy: new Occupancy(plan) }
      if (first && map.occupancy.fits(first)) map.occupancy.replace(first)
      setState((before) => ({ ...before, map }))
      const listener = {
        snapshot: (snapshot: Snapshot) => {
          if (map.occupancy.fits(snapshot)) map.occupancy.replace(snapshot)
          else setAttempt((before) => before + 1)
        },
        delta: (delta: Delta) => map.occupancy.apply(delta),
        freshness: (freshness: Freshness) => setState((before) => ({ ...before, freshness })),
        signedOut: () => void renewSession().then((isRenewed) => isRenewed && connection?.reconnect()),
        eventStatus: (status: string) => heard.current.onEventStatus?.(status),
        holdExpiring: (hold: string, secondsLeft: number) =>
          heard.current.onHoldExpiring?.(hold, secondsLeft),
      }
      connection = new LiveConnection(liveUrl(event), browserWorld(event), listener, map.occupancy.version)
    }
    start().catch((error) => {
      if (!abort.signal.aborted) setState((before) => ({ ...before, error: problemOf(error) }))
    })
    // A socket belongs to whoever was signed in when it was opened.
    const stop = onSessionChange(() => connection?.reconnect())
    return () => {
      abort.abort()
      connection?.close()
      stop()
    }
  }, [event, attempt])

  const retry = useCallback(() => {
    setState({ freshness: 'connecting' })
    setAttempt((before) => before + 1)
  }, [])
  return { ...state, retry }
}

function problemOf(error: unknown): unknown {
  if (!(error instanceof PlanError)) return error
  if (error.status === undefined) return new Problem('offline', 0)
  return new Problem(error.status === 404 ? 'not_found' : 'unreadable', error.status)
}

let renewedAt = 0

/** Whether the session is good again: asking what somebody holds, be it a guest, renews it where it can be. */
async function renewSession(): Promise<boolean> {
  if (!canHold() || Date.now() - renewedAt < RENEW_EVERY_MS) return false
  renewedAt = Date.now()
  const answer = await fetchWithSession(new Request(`${location.origin}/api/v1/me/holds`)).catch(
    () => undefined,
  )
  return answer?.ok === true
}

/** A rush of changes is shown this often in what is written out; the canvas draws each at once. */
const REPEAT_MS = 200

/** Renders again when seats change. Returns a number that is another one then. */
export function useOccupancy(occupancy: Occupancy): number {
  const [store] = useState(() => {
    let count = 0
    return {
      get: () => count,
      subscribe: (listener: () => void) => {
        let timer: ReturnType<typeof setTimeout> | undefined
        const stop = occupancy.subscribe(() => {
          timer ??= setTimeout(() => {
            timer = undefined
            count++
            listener()
          }, REPEAT_MS)
        })
        return () => {
          stop()
          clearTimeout(timer)
        }
      },
    }
  })
  return useSyncExternalStore(store.subscribe, store.get)
}
