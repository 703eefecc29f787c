import type { Availability } from '../api/types'
import type { LiveWorld } from './connection'
import { type Snapshot, unpack } from './frames'

/** Where the browser opens the live seat map of an event. */
export function liveUrl(event: string): string {
  return `${location.protocol === 'https:' ? 'wss:' : 'ws:'}//${location.host}/api/v1/events/${event}/live`
}

export async function askAvailability(event: string): Promise<Snapshot> {
  const answer = await fetch(`/api/v1/events/${event}/availability`)
  if (!answer.ok) throw new Error(`availability: ${answer.status}`)
  const view: Availability = await answer.json()
  return { version: view.version, map: view.map, seats: unpack(view.seats), areas: view.areas }
}

let page: EventTarget | undefined

/** Tells of the page's own connection and of being looked at, for all live connections of the page. */
function pageEvents(): EventTarget {
  if (!page) {
    const events = new EventTarget()
    const pass = ({ type }: Event) => events.dispatchEvent(new Event(type))
    window.addEventListener('online', pass)
    window.addEventListener('offline', pass)
    document.addEventListener('visibilitychange', pass)
    page = events
  }
  return page
}

/** The page itself as what a live connection needs around it. */
export function browserWorld(event: string): LiveWorld {
  return {
    open: (url) => new WebSocket(url),
    ask: () => askAvailability(event),
    random: Math.random,
    events: pageEvents(),
    isOnline: () => navigator.onLine,
    isVisible: () => document.visibilityState === 'visible',
  }
}
