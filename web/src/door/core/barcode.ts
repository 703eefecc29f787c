import { decodeBase45 } from '../../lib/base45'
import { CODE_BYTES } from '../../lib/liveBarcode'

/** What stands in a ticket's barcode: format 1 or 2 of the tickets crate, in base45. */
export type Barcode = {
  ticketId: string
  eventId: string
  generation: number
  keyId: string
  /** What is signed, and by what. */
  signed: Uint8Array<ArrayBuffer>
  signature: Uint8Array<ArrayBuffer>
  /** Of format 2: when it was made, and what proves it. One without stays the same and is good on paper. */
  live: Live | undefined
}

export type Live = { step: number; code: Uint8Array<ArrayBuffer> }

const STILL = 1
const LIVE = 2
const SIGNED = 38
const SEALED = SIGNED + 64
const STEP = 4
/** Characters of the barcode that stays the same, and of a live one. */
export const BARCODE_CHARACTERS = (SEALED / 2) * 3
export const LIVE_CHARACTERS = ((SEALED + STEP + CODE_BYTES) / 2) * 3

const CROCKFORD = '0123456789abcdefghjkmnpqrstvwxyz'

/** Sixteen bytes as the API writes an id: 26 characters after its prefix, highest bits first. */
export function typedId(prefix: string, uuid: Uint8Array): string {
  let value = uuid.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n)
  let text = ''
  for (let at = 0; at < 26; at++) {
    text = CROCKFORD[Number(value & 31n)] + text
    value >>= 5n
  }
  return `${prefix}_${text}`
}

/** As a scanner or a hand may give it: no lower case, and nothing around it that was not printed. */
export const normalized = (text: string): string => text.replace(/^\s+|\s+$/g, '').toUpperCase()

/** Reads the text without trusting it: only the signature, and the code of a live one, tell whether it is ours. */
export function parseBarcode(text: string): Barcode | undefined {
  const bytes = decodeBase45(text)
  const format = bytes?.length === SEALED ? STILL : LIVE
  if (!bytes || bytes[0] !== format) return undefined
  if (format === LIVE && bytes.length !== SEALED + STEP + CODE_BYTES) return undefined
  const view = new DataView(bytes.buffer)
  return {
    ticketId: typedId('tkt', bytes.subarray(6, 22)),
    eventId: typedId('evt', bytes.subarray(22, SIGNED)),
    generation: view.getUint32(1),
    keyId: String(bytes[5]),
    signed: bytes.slice(0, SIGNED),
    signature: bytes.slice(SIGNED, SEALED),
    live: format === LIVE ? { step: view.getUint32(SEALED), code: bytes.slice(SEALED + STEP) } : undefined,
  }
}

/**
 * Whether a barcode that is seen is the one seen just before, which may have become the next live one meanwhile.
 * A picture that gives way to the ticket itself is another.
 */
export function isSameShowing(text: string, before: string): boolean {
  if (text === before) return true
  const [live, was] = [parseBarcode(text)?.live, parseBarcode(before)?.live]
  if (!live || !was) return false
  const isSameTicket = text.slice(0, BARCODE_CHARACTERS) === before.slice(0, BARCODE_CHARACTERS)
  return isSameTicket && Math.abs(live.step - was.step) <= 1
}
