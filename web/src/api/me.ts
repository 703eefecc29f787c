import { queryOptions, useQuery } from '@tanstack/react-query'
import { useSyncExternalStore } from 'react'
import { api, ok } from './client'
import { isProblem } from './problem'
import { hasSession, isGuest, onSessionChange } from './session'
import type { User } from './types'

/** Who is signed in, or null. Everything of theirs is cached under keys that begin with `me`. */
export const meQuery = queryOptions({
  queryKey: ['me'],
  queryFn: async ({ signal }): Promise<User | null> => {
    if (!hasSession()) return null
    try {
      return await ok(api.GET('/api/v1/me', { signal }))
    } catch (error) {
      if (isProblem(error) && error.status === 401) return null
      throw error
    }
  },
  staleTime: 60_000,
})

export function useMe(): { me: User | null | undefined; isLoading: boolean } {
  const { data, isPending } = useQuery(meQuery)
  return { me: data, isLoading: isPending }
}

/** Whether a guest is here, who may hold places and has to say who they are to pay. */
export const useIsGuest = (): boolean => useSyncExternalStore(onSessionChange, isGuest)

/** The header that asks for cookies in place of tokens in the body. */
export const COOKIES = { 'X-Session': 'cookie' } as const
