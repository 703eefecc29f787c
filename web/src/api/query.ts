import { QueryClient } from '@tanstack/react-query'
import { isProblem } from './problem'
import { onSessionChange } from './session'

const RETRIES = 2

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 15_000,
      retry: (count, error) => count < RETRIES && isProblem(error) && error.passes && error.status !== 429,
      // What was loaded before stays on the screen while the phone is offline.
      networkMode: 'offlineFirst',
    },
    mutations: { networkMode: 'always' },
  },
})

// Another person, or nobody: nothing of the one before stays in memory, nor on the screen.
onSessionChange(() => void queryClient.resetQueries({ queryKey: ['me'] }))
