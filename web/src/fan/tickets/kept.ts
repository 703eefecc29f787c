/**
 * Tickets kept on the device, for a door without a network. Sealed with a key that this browser made and
 * never shows to a script, in a database of this origin; both go when the person signs out.
 */
const DATABASE = 'kept-tickets'
const STORE = 'kept'

type Sealed = { iv: Uint8Array<ArrayBuffer>; bytes: ArrayBuffer }

function open(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 1)
    request.onupgradeneeded = () => request.result.createObjectStore(STORE)
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}

async function inStore<T>(
  mode: IDBTransactionMode,
  work: (store: IDBObjectStore) => IDBRequest<T>,
): Promise<T> {
  const database = await open()
  try {
    return await new Promise<T>((resolve, reject) => {
      const request = work(database.transaction(STORE, mode).objectStore(STORE))
      request.onsuccess = () => resolve(request.result)
      request.onerror = () => reject(request.error)
    })
  } finally {
    database.close()
  }
}

async function sealingKey(): Promise<CryptoKey> {
  const known = await inStore<CryptoKey | undefined>('readonly', (store) => store.get('key'))
  if (known) return known
  const made = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, [
    'encrypt',
    'decrypt',
  ])
  await inStore('readwrite', (store) => store.put(made, 'key'))
  return made
}

export async function keep(name: string, value: unknown): Promise<void> {
  const iv = crypto.getRandomValues(new Uint8Array(12))
  const plain = new TextEncoder().encode(JSON.stringify(value))
  const bytes = await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, await sealingKey(), plain)
  await inStore('readwrite', (store) => store.put({ iv, bytes } satisfies Sealed, name))
}

/** What was kept under the name; nothing when there is none, or when it cannot be read any more. */
export async function kept<T>(name: string): Promise<T | undefined> {
  try {
    const sealed = await inStore<Sealed | undefined>('readonly', (store) => store.get(name))
    if (!sealed) return undefined
    const plain = await crypto.subtle.decrypt(
      { name: 'AES-GCM', iv: sealed.iv },
      await sealingKey(),
      sealed.bytes,
    )
    return JSON.parse(new TextDecoder().decode(plain)) as T
  } catch {
    return undefined
  }
}

export async function forgetKeptTickets(): Promise<void> {
  await inStore('readwrite', (store) => store.clear()).catch(() => {})
}
