import { api, ok } from '../../api/client'
import { COOKIES } from '../../api/me'
import { isProblem, Problem } from '../../api/problem'
import { announceSession, BECOMING_GUEST, canHold } from '../../api/session'

/** One call of one tab makes a guest for all. */
async function becomeGuest(): Promise<void> {
  await navigator.locks.request(BECOMING_GUEST, async () => {
    if (canHold()) return
    try {
      await ok(api.POST('/api/v1/auth/guest', { headers: COOKIES }))
    } catch (error) {
      // Too many guests where this one is: whoever says who they are goes on.
      throw isProblem(error, 'rate_limited') ? new Problem('not_signed_in', 401) : error
    }
    announceSession()
  })
}

/** Holds places for who is signed in, or for a guest: nobody is asked who they are while the places go to others. */
export async function holdNow<T>(hold: () => Promise<T>): Promise<T> {
  if (!canHold()) await becomeGuest()
  try {
    return await hold()
  } catch (error) {
    // The session had ended, and its cookies are gone.
    if (!isProblem(error) || error.status !== 401 || canHold()) throw error
    await becomeGuest()
    return hold()
  }
}
