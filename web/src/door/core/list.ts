import { api, ok } from '../../api/client'
import { keepListed, keepListState, listState } from './store'

const PAGE = 1_000
/** A stadium's list comes in pages: after these, slowly enough to leave the account room to scan. */
const QUICK_PAGES = 20
const PACE_MS = 800

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/**
 * Brings the list of an event's tickets up to date: where they are, which barcode is good, who is in.
 * Returns as of when it is known.
 */
export async function refreshList(org: string, event: string): Promise<string> {
  const before = await listState(event)
  let asOf: string | undefined
  let cursor: string | undefined
  let page = 0
  do {
    if (page++ >= QUICK_PAGES) await pause(PACE_MS)
    const answer = await ok(
      api.GET('/api/v1/organizers/{org}/events/{event}/checkins/tickets', {
        params: { path: { org, event }, query: { limit: PAGE, since: before?.asOf, cursor } },
      }),
    )
    await keepListed(answer.items)
    asOf ??= answer.asOf
    cursor = answer.nextCursor ?? undefined
  } while (cursor)
  // Only now: a list that was broken off is fetched from its beginning.
  await keepListState({ eventId: event, asOf })
  return asOf
}
