/**
 * Codes of live barcodes, format 2 of the tickets crate: the first eight bytes of HMAC-SHA256 with the ticket's
 * key over the number of the 15-second step. The ticket's key is HMAC-SHA256 with the event's key over the
 * ticket's id and generation.
 */
export const STEP_MS = 15_000
/** Steps that a code is good before and after its own. */
const STEPS_OFF_MAX = 2
export const CODE_BYTES = 8

/** The step that a time falls into, in ms since 1970. */
export const stepOf = (now: number): number => Math.floor(now / STEP_MS)

/** Whether the code of a step admits at a time. */
export const admitsAt = (step: number, now: number): boolean => Math.abs(stepOf(now) - step) <= STEPS_OFF_MAX

/** Four bytes, the highest first. */
export function stepBytes(step: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, step)
  return bytes
}

/** A key that no script can read again. */
export const importKey = (raw: Uint8Array<ArrayBuffer>): Promise<CryptoKey> =>
  crypto.subtle.importKey('raw', raw, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])

export async function hash(key: CryptoKey, ...parts: Uint8Array[]): Promise<Uint8Array<ArrayBuffer>> {
  const message = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    message.set(part, at)
    at += part.length
  }
  return new Uint8Array(await crypto.subtle.sign('HMAC', key, message))
}

/** The code that a ticket shows during a step. `key`: the ticket's. */
export async function codeOf(key: CryptoKey, step: number): Promise<Uint8Array<ArrayBuffer>> {
  return (await hash(key, stepBytes(step))).slice(0, CODE_BYTES)
}
