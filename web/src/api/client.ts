import createClient from 'openapi-fetch'
import { takeEarly } from './early'
import { Problem, problemOf } from './problem'
import type { paths } from './schema'
import { fetchWithSession } from './session'

/** Past this a phone on a bad network is told so rather than left waiting. */
const PATIENCE_MS = 20_000

export const api = createClient<paths>({
  baseUrl: location.origin,
  fetch: async (request) => {
    try {
      const early = await takeEarly(request)
      return early ?? (await fetchWithSession(new Request(request, { signal: limited(request.signal) })))
    } catch (error) {
      if (request.signal.aborted) throw error
      throw new Problem('offline', 0)
    }
  },
})

function limited(signal: AbortSignal): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)])
}

type Answer<T> = { data?: T; error?: unknown; response: Response }

/** The page of a café's network in place of an answer, or half of one. */
function unread(error: unknown): never {
  throw error instanceof SyntaxError ? new Problem('unreadable', 0) : error
}

/** The body of a success; everything else is thrown as a `Problem`. */
export async function ok<T>(call: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await call.catch(unread)
  if (!response.ok) throw problemOf(response, error)
  return data as T
}
