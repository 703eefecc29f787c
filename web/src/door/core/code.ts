import { bytesOf } from '../../lib/base64url'
import { codeOf, hash, importKey } from '../../lib/liveBarcode'
import type { Barcode } from './barcode'
import type { Finding } from './signature'
import type { LiveKey, SecretKey } from './types'

/** The keys of an event's live barcodes, as this device keeps them: no script reads them again. */
export const liveKeys = (keys: SecretKey[]): Promise<LiveKey[]> =>
  Promise.all(keys.map(async ({ kid, k }) => ({ kid, key: await importKey(bytesOf(k)) })))

/** Whether the code of a live barcode was made for the step it names, with one of the event's `keys`. */
export async function checkCode(keys: LiveKey[], { keyId, live, signed }: Barcode): Promise<Finding> {
  if (!live) return 'genuine'
  const event = keys.find(({ kid }) => kid === keyId)
  if (!event) return 'unknown_key'
  const raw = await hash(event.key, signed.subarray(6, 22), signed.subarray(1, 5))
  const code = await codeOf(await importKey(raw), live.step)
  return code.every((byte, at) => byte === live.code[at]) ? 'genuine' : 'forged'
}
