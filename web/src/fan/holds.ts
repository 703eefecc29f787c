import { queryOptions, useQuery } from '@tanstack/react-query'
import { api, ok } from '../api/client'
import { useIsGuest, useMe } from '../api/me'
import { isProblem } from '../api/problem'
import { mayRetry, queryClient, retryMs } from '../api/query'
import { onTold, tell } from '../api/tabs'
import type { Hold } from '../api/types'
import { serverNow } from '../lib/clock'

/** How often the server is asked about a hold whose time is over, until it says so itself. */
const ASK_MS = 1_000

export const isHeld = (hold: Hold): boolean => hold.status === 'held'

/**
 * When holds are asked about again: as the first of them ends, and then until the server says that it has.
 * Its word counts, and no clock: what is thought to be over cannot be paid.
 */
export function askAgainMs(holds: readonly Hold[], error: unknown): number | false {
  const ends = holds.filter(isHeld).map(({ expiresAt }) => Date.parse(expiresAt))
  if (ends.length === 0) return false
  const asked = isProblem(error) ? (error.retryAfter ?? 0) * 1000 : 0
  return Math.max(ASK_MS, asked, Math.min(...ends) - serverNow())
}

/** For how long what a guest held is looked for in the account that they signed in to. */
const COMING_MS = 30_000
/** Holds that are on their way there, with the end of the wait in ms since 1970: for every tab, and after a reload. */
const COMING = 'holds coming'
function coming(): Record<string, number> {
  try {
    return JSON.parse(localStorage.getItem(COMING) ?? '{}') ?? {}
  } catch {
    // Somebody else wrote there.
    return {}
  }
}

const isComing = (hold: string): boolean => (coming()[hold] ?? 0) > Date.now()

/** Replaces what is awaited; what was waited for long enough is forgotten. */
function setComing(next: Record<string, number>): void {
  const awaited = Object.entries(next).filter(([, until]) => until > Date.now())
  try {
    if (awaited.length === 0) localStorage.removeItem(COMING)
    else localStorage.setItem(COMING, JSON.stringify(Object.fromEntries(awaited)))
  } catch {
    // A storage that is full stands in nobody's way: the hold comes, only without being waited for.
  }
}

/** The server could not hand these over at once, and tries again by itself. */
export function awaitHolds(ids: readonly string[]): void {
  const until = Date.now() + COMING_MS
  setComing({ ...coming(), ...Object.fromEntries(ids.map((id) => [id, until])) })
}

async function lookAt(hold: string, signal: AbortSignal): Promise<Hold> {
  const found = await ok(api.GET('/api/v1/holds/{hold}', { params: { path: { hold } }, signal }))
  const { [hold]: awaited, ...others } = coming()
  if (awaited) {
    setComing(others)
    void queryClient.invalidateQueries({ queryKey: holdsQuery.queryKey })
    // Another tab may have been about to give up.
    tell('holds')
  }
  return found
}

export const holdQuery = (hold: string) =>
  queryOptions({
    queryKey: ['me', 'hold', hold],
    queryFn: ({ signal }) => lookAt(hold, signal),
    staleTime: 0,
    retry: (count, error) => (isProblem(error, 'not_found') && isComing(hold)) || mayRetry(count, error),
    retryDelay: (count) => (isComing(hold) ? ASK_MS : retryMs(count)),
    refetchInterval: ({ state }) => (state.data ? askAgainMs([state.data], state.error) : false),
  })

/** What the fan holds, wherever it was held: after a reload, in another tab, on another device. */
export const holdsQuery = queryOptions({
  queryKey: ['me', 'holds'],
  queryFn: async ({ signal }) => (await ok(api.GET('/api/v1/me/holds', { signal }))).items,
  refetchInterval: ({ state }) => (state.data ? askAgainMs(state.data, state.error) : false),
})

const NONE: readonly Hold[] = []

const held = (holds: readonly Hold[]) =>
  holds.filter(isHeld).sort((one, other) => one.expiresAt.localeCompare(other.expiresAt))

/** The one that ends first goes first. */
export function useActiveHolds(): readonly Hold[] {
  const { me } = useMe()
  const isGuest = useIsGuest()
  const { data } = useQuery({ ...holdsQuery, enabled: Boolean(me) || isGuest, select: held })
  return data ?? NONE
}

export const placesOf = (hold: Hold): number =>
  hold.seats.length + hold.areas.reduce((sum, area) => sum + area.quantity, 0)

export function rememberHold(hold: Hold): void {
  queryClient.setQueryData(holdsQuery.queryKey, (before) => [hold, ...(before ?? [])])
  // A guest is asked what they hold the moment they are one, and the answer may know nothing of this.
  void queryClient.invalidateQueries({ queryKey: holdsQuery.queryKey })
  tell('holds')
}

export function forgetHold(id: string): void {
  const before = queryClient.getQueryData(holdsQuery.queryKey)
  if (!before?.some((hold) => hold.id === id)) return
  queryClient.setQueryData(
    holdsQuery.queryKey,
    before.filter((hold) => hold.id !== id),
  )
  tell('holds')
}

onTold('holds', () => {
  void queryClient.invalidateQueries({ queryKey: holdsQuery.queryKey })
  void queryClient.invalidateQueries({ queryKey: ['me', 'hold'] })
})

/** Puts the places back on sale. A hold that has ended by itself is as good as given back. */
export async function giveBack(id: string): Promise<void> {
  try {
    await ok(api.DELETE('/api/v1/holds/{hold}', { params: { path: { hold: id } } }))
  } catch (error) {
    if (!isProblem(error, 'hold_ended', 'hold_expired', 'not_found')) throw error
  }
  forgetHold(id)
}

/** An order takes this many at most. */
const HOLDS_PER_ORDER_MAX = 10

/** Ids of the holds that one order can pay: those in the currency of the first. */
export function payableTogether(holds: readonly Hold[]): string[] {
  return holds
    .filter(({ total }) => total.currency === holds[0]?.total.currency)
    .slice(0, HOLDS_PER_ORDER_MAX)
    .map(({ id }) => id)
}
