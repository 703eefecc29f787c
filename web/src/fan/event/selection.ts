import { useCallback, useState } from 'react'
import type { NewHold } from '../../api/types'

/** What is chosen for an event in this tab: kept over a reload, and over signing in. */
export type Picks = {
  seats: readonly string[]
  types: Readonly<Record<string, string>>
  /** Somebody needs one of the places that are kept for who does. */
  accessible: boolean
}

const NONE: Picks = { seats: [], types: {}, accessible: false }
const key = (event: string) => `picks:${event}`

function read(event: string): Picks {
  try {
    return { ...NONE, ...JSON.parse(sessionStorage.getItem(key(event)) ?? '{}') }
  } catch {
    return NONE
  }
}

export function usePicks(event: string) {
  const [picks, setPicks] = useState(() => read(event))
  const change = useCallback(
    (next: (before: Picks) => Picks) => {
      setPicks((before) => {
        const now = next(before)
        if (now.seats.length === 0) sessionStorage.removeItem(key(event))
        else sessionStorage.setItem(key(event), JSON.stringify(now))
        return now
      })
    },
    [event],
  )
  return {
    ...picks,
    setSeats: useCallback((seats: readonly string[]) => change((before) => ({ ...before, seats })), [change]),
    setType: useCallback(
      (seat: string, type: string) =>
        change((before) => ({ ...before, types: { ...before.types, [seat]: type } })),
      [change],
    ),
    setAccessible: useCallback(
      (accessible: boolean) => change((before) => ({ ...before, accessible })),
      [change],
    ),
    clear: useCallback(() => change(() => NONE), [change]),
  }
}

/** What to ask of the box office to hold what is picked. */
export function wishOf({ seats, types, accessible }: Picks): NewHold {
  const special = seats.flatMap((seat) => {
    const type = types[seat]
    return type && type !== 'standard' ? [[seat, type]] : []
  })
  return {
    seats: [...seats],
    ...(special.length > 0 && { ticketTypes: Object.fromEntries(special) }),
    ...(accessible && { accessible }),
  }
}
