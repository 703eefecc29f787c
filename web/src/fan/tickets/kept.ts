/**
 * Tickets kept on the device, for a door without a network. They are one person's: they go when that person
 * signs out, and when another one signs in. Sealed with a key that this browser made and never shows to a
 * script, in a database of this origin.
 */
const DATABASE = 'kept-tickets'
const STORE = 'kept'
const OWNER = 'owner'

type Owner = { user: string; key: CryptoKey }
type Sealed = { iv: Uint8Array<ArrayBuffer>; bytes: ArrayBuffer }

function open(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 1)
    request.onupgradeneeded = () => request.result.createObjectStore(STORE)
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}

/** One transaction: `work` starts it and may go on in what its requests answer. */
async function inStore(mode: IDBTransactionMode, work: (store: IDBObjectStore) => void): Promise<void> {
  const database = await open()
  try {
    await new Promise<void>((resolve, reject) => {
      const transaction = database.transaction(STORE, mode)
      transaction.oncomplete = () => resolve()
      transaction.onabort = () => reject(transaction.error)
      work(transaction.objectStore(STORE))
    })
  } finally {
    database.close()
  }
}

async function read<T>(name: string): Promise<T | undefined> {
  let found: T | undefined
  await inStore('readonly', (store) => {
    const request = store.get(name)
    request.onsuccess = () => {
      found = request.result
    }
  })
  return found
}

/** Calls `then` with who owns what is kept, in the same transaction. */
function withOwner(store: IDBObjectStore, then: (user: string | undefined) => void): void {
  const request = store.get(OWNER)
  request.onsuccess = () => then((request.result as Owner | undefined)?.user)
}

/** From now on this person's tickets are kept here, and nobody else's. */
export async function keepFor(user: string): Promise<void> {
  if ((await read<Owner>(OWNER))?.user === user) return
  const key = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt'])
  await inStore('readwrite', (store) =>
    withOwner(store, (before) => {
      if (before === user) return
      store.clear()
      store.put({ user, key } satisfies Owner, OWNER)
    }),
  )
}

/** Keeps something of that person's. Who has signed out meanwhile, or was followed by another, keeps nothing. */
export async function keep(user: string, name: string, value: unknown): Promise<void> {
  const owner = await read<Owner>(OWNER)
  if (owner?.user !== user) return
  const iv = crypto.getRandomValues(new Uint8Array(12))
  const plain = new TextEncoder().encode(JSON.stringify(value))
  const bytes = await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, owner.key, plain)
  await inStore('readwrite', (store) =>
    withOwner(store, (now) => {
      if (now === user) store.put({ iv, bytes } satisfies Sealed, name)
    }),
  )
}

/** What was kept under the name and whose it is; nothing when there is none, or when it cannot be read any more. */
export async function kept<T>(name: string): Promise<{ user: string; value: T } | undefined> {
  try {
    const owner = await read<Owner>(OWNER)
    const sealed = await read<Sealed>(name)
    if (!owner || !sealed) return undefined
    const plain = await crypto.subtle.decrypt({ name: 'AES-GCM', iv: sealed.iv }, owner.key, sealed.bytes)
    return { user: owner.user, value: JSON.parse(new TextDecoder().decode(plain)) as T }
  } catch {
    return undefined
  }
}

export async function forgetKept(): Promise<void> {
  await inStore('readwrite', (store) => store.clear()).catch(() => {})
}
