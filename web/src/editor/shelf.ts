/** What the editor keeps in this browser: drafts that are not saved as a version yet. */
const NAME = 'seat-map-editor'
const STORE = 'drafts'

let opened: Promise<IDBDatabase> | undefined

function open(): Promise<IDBDatabase> {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1)
    request.onupgradeneeded = () => {
      request.result.createObjectStore(STORE)
    }
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => {
      opened = undefined
      reject(request.error)
    }
  })
  return opened
}

async function work<T>(mode: IDBTransactionMode, act: (store: IDBObjectStore) => IDBRequest): Promise<T> {
  const database = await open()
  return new Promise((resolve, reject) => {
    const request = act(database.transaction(STORE, mode).objectStore(STORE))
    request.onsuccess = () => resolve(request.result as T)
    request.onerror = () => reject(request.error)
  })
}

/** A browser that keeps nothing, as in a private window, is no reason not to draw. */
export async function kept<T>(key: string): Promise<T | undefined> {
  return work<T | undefined>('readonly', (found) => found.get(key)).catch(() => undefined)
}

export async function keep(key: string, value: unknown): Promise<boolean> {
  return work('readwrite', (found) => found.put(value, key)).then(
    () => true,
    () => false,
  )
}

export async function discard(key: string): Promise<void> {
  await work('readwrite', (found) => found.delete(key)).catch(() => undefined)
}
