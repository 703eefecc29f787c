import type { Listed, Pack, Scan } from './types'

const NAME = 'door'
const VERSION = 2

let opened: Promise<IDBDatabase> | undefined

function database(): Promise<IDBDatabase> {
  if (opened) return opened
  const opening = new Promise<IDBDatabase>((resolve, reject) => {
    const request = indexedDB.open(NAME, VERSION)
    request.onupgradeneeded = ({ oldVersion }) => upgrade(request, oldVersion)
    request.onsuccess = () => {
      const db = request.result
      // Browsers close a database of their own accord, as when a phone runs short of memory or space.
      db.onclose = () => forget(opening)
      db.onversionchange = () => {
        forget(opening)
        db.close()
      }
      resolve(db)
    }
    request.onerror = () => reject(request.error)
  })
  opened = opening
  // A browser may refuse once, as while another tab upgrades: the next call asks again.
  opening.catch(() => forget(opening))
  return opening
}

function upgrade({ result: db, transaction }: IDBOpenDBRequest, from: number): void {
  if (from < 1) {
    db.createObjectStore('packs', { keyPath: 'eventId' })
    db.createObjectStore('lists', { keyPath: 'eventId' })
    db.createObjectStore('tickets', { keyPath: 'id' })
    const scans = db.createObjectStore('scans', { keyPath: 'seq', autoIncrement: true })
    scans.createIndex('event', 'eventId')
    scans.createIndex('ticket', ['eventId', 'ticketId'])
    scans.createIndex('state', 'state')
  }
  if (from < 2) transaction?.objectStore('scans').createIndex('queue', ['state', 'eventId'])
}

function forget(gone: Promise<IDBDatabase>): void {
  if (opened === gone) opened = undefined
}

const answered = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })

type Store = 'packs' | 'lists' | 'tickets' | 'scans'
type Work<T> = (store: IDBObjectStore) => Promise<T>

/** Whatever it failed of, all that a page can do is to try once more on a connection of its own. */
async function within<T>(store: Store, mode: IDBTransactionMode, work: Work<T>): Promise<T> {
  const connection = database()
  try {
    return await once(await connection, store, mode, work)
  } catch {
    forget(connection)
    connection.then(
      (db) => db.close(),
      () => undefined,
    )
    return once(await database(), store, mode, work)
  }
}

async function once<T>(db: IDBDatabase, store: Store, mode: IDBTransactionMode, work: Work<T>): Promise<T> {
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

export const forgetPack = (eventId: string) =>
  within('packs', 'readwrite', (store) => answered(store.delete(eventId)))

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

/** Scans of an event that wait to be sent, the oldest first. */
export const queued = (eventId: string, limit: number): Promise<Scan[]> =>
  within('scans', 'readonly', (store) => answered(store.index('queue').getAll(['queued', eventId], limit)))

/** How many wait, by event; none that has none. */
export const queues = (): Promise<Map<string, number>> =>
  within('scans', 'readonly', async (store) => {
    const index = store.index('queue')
    const found = new Map<string, number>()
    // An array comes after every text.
    let rest = IDBKeyRange.bound(['queued'], ['queued', []])
    for (;;) {
      const cursor = await answered(index.openKeyCursor(rest))
      if (!cursor) return found
      const key = cursor.key as [string, string]
      found.set(key[1], await answered(index.count(key)))
      rest = IDBKeyRange.bound(key, ['queued', []], true)
    }
  })

export const queuedCount = (): Promise<number> =>
  within('scans', 'readonly', (store) => answered(store.index('state').count('queued')))
