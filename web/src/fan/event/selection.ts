import { useCallback, useState } from 'react'

/** What is chosen for an event in this tab: kept over a reload, and over signing in. */
export type Picks = { seats: readonly string[]; types: Readonly<Record<string, string>> }

const NONE: Picks = { seats: [], types: {} }
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
    setSeats: useCallback((seats: readonly string[]) => change(({ types }) => ({ seats, types })), [change]),
    setType: useCallback(
      (seat: string, type: string) =>
        change(({ seats, types }) => ({ seats, types: { ...types, [seat]: type } })),
      [change],
    ),
    clear: useCallback(() => change(() => NONE), [change]),
  }
}
