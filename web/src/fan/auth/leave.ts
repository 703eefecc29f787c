import { api, ok } from '../../api/client'
import { isProblem } from '../../api/problem'
import { queryClient } from '../../api/query'
import { announceSession } from '../../api/session'
import { forgetKept } from '../tickets/kept'

/** Where the server cannot be told, nothing is over: the person stays signed in and keeps their tickets. */
export async function signOut(): Promise<void> {
  try {
    await ok(api.POST('/api/v1/auth/logout', { body: {} }))
  } catch (error) {
    // There is no session any more, which is what was asked for.
    if (!isProblem(error) || error.status !== 401) throw error
  }
  await forgetPerson()
}

/** Their session has ended: a phone that is handed on shows no tickets, and not who was to come. */
export async function forgetPerson(): Promise<void> {
  // What is on its way would be kept after all.
  await queryClient.cancelQueries({ queryKey: ['me'] })
  await forgetKept()
  // What was chosen and begun to be paid.
  sessionStorage.clear()
  announceSession()
}
