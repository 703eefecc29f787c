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

/** The body of a success; everything else is thrown as a `Problem`. */
export async function ok<T>(call: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await call
  if (!response.ok) throw problemOf(response, error)
  return data as T
}

/** The same with the response, for who needs its status or headers. */
export async function okWith<T>(call: Promise<Answer<T>>): Promise<{ data: T; response: Response }> {
  const { data, error, response } = await call
  if (!response.ok) throw problemOf(response, error)
  return { data: data as T, response }
}
