import { meQuery } from '../../api/me'
import { queryClient } from '../../api/query'
import { csrfToken } from '../../api/session'
import { keep, keepFor } from './kept'

/**
 * Keeps what was fetched in `session` for whoever that session is of, unless it is over: what is still on its
 * way while somebody signs out is kept for nobody. A device that cannot keep anything does without.
 */
export async function keepMine(session: string | undefined, name: string, value: unknown): Promise<void> {
  try {
    const me = await queryClient.fetchQuery(meQuery)
    if (!me || session === undefined || csrfToken() !== session) return
    await keepFor(me.id)
    await keep(me.id, name, value)
  } catch {
    // It is fetched again with the next start of the app.
  }
}
