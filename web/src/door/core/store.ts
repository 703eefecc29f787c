import type { Listed, Pack, Scan } from './types'

const NAME = 'door'
const VERSION = 1

let opened: Promise<IDBDatabase> | undefined

function database(): Promise<IDBDatabase> {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, VERSION)
    request.onupgradeneeded = () => {
      const db = request.result
      db.createObjectStore('packs', { keyPath: 'eventId' })
      db.createObjectStore('lists', { keyPath: 'eventId' })
      db.createObjectStore('tickets', { keyPath: 'id' })
      const scans = db.createObjectStore('scans', { keyPath: 'seq', autoIncrement: true })
      scans.createIndex('event', 'eventId')
      scans.createIndex('ticket', ['eventId', 'ticketId'])
      scans.createIndex('state', 'state')
    }
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
  // A browser may refuse once, as while another tab upgrades: the next call asks again.
  opened.catch(() => {
    opened = undefined
  })
  return opened
}

const answered = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })

async function within<T>(
  store: 'packs' | 'lists' | 'tickets' | 'scans',
  mode: IDBTransactionMode,
  work: (store: IDBObjectStore) => Promise<T>,
): Promise<T> {
  const db = await database()
  const tx = db.transaction(store, mode, { durability: 'strict' })
  const done = new Promise<void>((resolve, reject) => {
    tx.oncomplete = () => resolve()
    tx.onabort = () => reject(tx.error)
  })
  const [result] = await Promise.all([work(tx.objectStore(store)), done])
  return result
}

export const keepPack = (pack: Pack) => within('packs', 'readwrite', (store) => answered(store.put(pack)))

export const packOf = (eventId: string): Promise<Pack | undefined> =>
  within('packs', 'readonly', (store) => answered(store.get(eventId)))

export const packs = (): Promise<Pack[]> => within('packs', 'readonly', (store) => answered(store.getAll()))

/** Up to when the list of an event's tickets is known here. */
type ListState = { eventId: string; asOf: string }

export const listState = (eventId: string): Promise<ListState | undefined> =>
  within('lists', 'readonly', (store) => answered(store.get(eventId)))

export const keepListState = (state: ListState) =>
  within('lists', 'readwrite', (store) => answered(store.put(state)))

export async function keepListed(tickets: Listed[]): Promise<void> {
  await within('tickets', 'readwrite', async (store) => {
    for (const ticket of tickets) store.put(ticket)
  })
}

export const listed = (ticketId: string): Promise<Listed | undefined> =>
  within('tickets', 'readonly', (store) => answered(store.get(ticketId)))

/** Durable once this resolves; the scan has its place in the order. */
export async function keepScan(scan: Scan): Promise<Scan> {
  const seq = await within('scans', 'readwrite', (store) => answered(store.put(scan)))
  return { ...scan, seq: Number(seq) }
}

export async function keepScans(scans: Scan[]): Promise<void> {
  await within('scans', 'readwrite', async (store) => {
    for (const scan of scans) store.put(scan)
  })
}

export const scansOf = (eventId: string): Promise<Scan[]> =>
  within('scans', 'readonly', (store) => answered(store.index('event').getAll(eventId)))

export const scansOfTicket = (eventId: string, ticketId: string): Promise<Scan[]> =>
  within('scans', 'readonly', (store) => answered(store.index('ticket').getAll([eventId, ticketId])))

/** The oldest first, over all events of this device. */
export const queued = (limit: number): Promise<Scan[]> =>
  within('scans', 'readonly', (store) => answered(store.index('state').getAll('queued', limit)))

export const queuedCount = (): Promise<number> =>
  within('scans', 'readonly', (store) => answered(store.index('state').count('queued')))
