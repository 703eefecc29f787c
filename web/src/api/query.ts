import { QueryClient } from '@tanstack/react-query'
import { meQuery } from './me'
import { isProblem } from './problem'
import { hasSession, onSessionChange } from './session'
import type { User } from './types'

const RETRIES = 2

export const mayRetry = (count: number, error: unknown): boolean =>
  count < RETRIES && isProblem(error) && error.passes && error.status !== 429

/** Every time twice as long. */
export const retryMs = (count: number): number => Math.min(1_000 * 2 ** count, 30_000)

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 15_000,
      retry: mayRetry,
      retryDelay: retryMs,
      // What was loaded before stays on the screen while the phone is offline.
      networkMode: 'offlineFirst',
    },
    mutations: { networkMode: 'always' },
  },
})

/** Another person, or nobody: nothing of the one before stays in memory, nor on the screen. */
export async function changePerson(): Promise<void> {
  const before = queryClient.getQueryData<User | null>(meQuery.queryKey)
  if (before && hasSession()) {
    const now = await queryClient.fetchQuery({ ...meQuery, staleTime: 0 }).catch(() => undefined)
    // The same person once more, who goes on with what they were typing.
    if (now?.id === before.id) return queryClient.invalidateQueries({ queryKey: ['me'] })
  }
  return queryClient.resetQueries({ queryKey: ['me'] })
}

onSessionChange(() => void changePerson())
