import { api, ok } from '../../api/client'
import { Problem } from '../../api/problem'
import { liveKeys } from './code'
import { admits } from './judge'
import { prepareVerifier } from './signature'
import { forgetPack, keepPack, packs, queues } from './store'
import type { OwnEvent, Pack } from './types'

const PAGE = 100
/** An organizer with more events than this has the newest pages looked through alone. */
const PAGES = 5

/** The events of an organizer that the person may work for. */
export async function eventsOf(org: string, signal?: AbortSignal): Promise<OwnEvent[]> {
  const events: OwnEvent[] = []
  let cursor: string | undefined
  for (let page = 0; page < PAGES; page++) {
    const answer = await ok(
      api.GET('/api/v1/organizers/{org}/events', {
        params: { path: { org }, query: { limit: PAGE, cursor } },
        signal,
      }),
    )
    events.push(...answer.items)
    cursor = answer.nextCursor ?? undefined
    if (!cursor) break
  }
  return events
}

/**
 * Fetches and keeps all that a door needs without a network: the event's times, the keys that sign tickets and
 * those of its live barcodes, and the library that checks signatures.
 */
export async function preparePack(org: string, event: string, now: () => number): Promise<Pack> {
  const path = { org, event }
  const [{ items }, view, keys, secret, events] = await Promise.all([
    ok(api.GET('/api/v1/organizers')),
    ok(api.GET('/api/v1/organizers/{org}/events/{event}', { params: { path } })),
    ok(api.GET('/api/v1/organizers/{org}/checkins/keys', { params: { path: { org } } })),
    ok(api.GET('/api/v1/organizers/{org}/events/{event}/checkins/keys', { params: { path } })),
    eventsOf(org),
    prepareVerifier(),
  ])
  const venue = await ok(api.GET('/api/v1/venues/{venue}', { params: { path: { venue: view.venueId } } }))
  const pack: Pack = {
    organizerId: org,
    organizerName: items.find(({ id }) => id === org)?.name ?? '',
    eventId: view.id,
    eventName: view.name,
    startsAt: view.startsAt,
    doorsAt: view.doorsAt ?? null,
    endsAt: view.endsAt ?? null,
    venueName: venue.name,
    timeZone: venue.timeZone,
    keys: keys.keys,
    liveKeys: await liveKeys(secret.keys),
    barcodes: view.barcodes,
    otherEvents: Object.fromEntries(
      events.filter(({ id }) => id !== view.id).map(({ id, name }) => [id, name]),
    ),
    preparedAt: new Date(now()).toISOString(),
  }
  await keepPack(pack)
  return pack
}

/** The events that this device is ready for. What is over takes its keys along once all scans of it are sent. */
export async function readyPacks(now: number): Promise<Pack[]> {
  const [all, waiting] = await Promise.all([packs(), queues()])
  const isDone = (pack: Pack) => now > admits(pack).closes && !waiting.has(pack.eventId)
  await Promise.all(all.filter(isDone).map(({ eventId }) => forgetPack(eventId)))
  return all.filter((pack) => !isDone(pack))
}

/** What the server is sent of a scan: the same each time, so that it knows one that comes again. */
type Sent = { barcode: string; gate: string; scanId: string; scannedAt: string; eventId: string }

/** Somebody stands there and waits: past this the device decides. */
const LIVE_PATIENCE_MS = 2_500

export const scanLive = (org: string, body: Sent) =>
  ok(
    api.POST('/api/v1/organizers/{org}/checkins', {
      params: { path: { org } },
      body,
      signal: AbortSignal.timeout(LIVE_PATIENCE_MS),
    }),
  )

/**
 * Sends scans of an event that were made before. The server answers those of an event that is not the
 * account's as it answers what is no ticket at all, so it is not asked.
 */
export async function scanBatch(org: string, event: string, scans: Sent[]) {
  const { items } = await ok(api.GET('/api/v1/organizers'))
  const own = items.find(({ id }) => id === org)
  if (!own || (own.events && !own.events.includes(event))) throw new Problem('not_allowed', 403)
  return ok(
    api.POST('/api/v1/organizers/{org}/checkins/batch', { params: { path: { org } }, body: { scans } }),
  )
}
