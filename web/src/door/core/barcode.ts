/** What stands in a ticket's barcode: format 1 of the tickets crate, base45 (RFC 9285) over 102 bytes. */
export type Barcode = {
  ticketId: string
  eventId: string
  generation: number
  keyId: string
  /** What is signed, and by what. */
  signed: Uint8Array<ArrayBuffer>
  signature: Uint8Array<ArrayBuffer>
}

const FORMAT = 1
const SIGNED = 38
const LENGTH = SIGNED + 64
export const BARCODE_CHARACTERS = (LENGTH / 2) * 3

const BASE45 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:'
const CROCKFORD = '0123456789abcdefghjkmnpqrstvwxyz'

/** Undefined unless `text` is what the encoder makes of `LENGTH` bytes. */
function decode(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (text.length !== BARCODE_CHARACTERS) return undefined
  const bytes = new Uint8Array(LENGTH)
  for (let pair = 0; pair < LENGTH / 2; pair++) {
    let value = 0
    for (let digit = 2; digit >= 0; digit--) {
      const place = BASE45.indexOf(text[pair * 3 + digit] as string)
      if (place < 0) return undefined
      value = value * 45 + place
    }
    if (value > 0xffff) return undefined
    bytes[pair * 2] = value >> 8
    bytes[pair * 2 + 1] = value & 0xff
  }
  return bytes
}

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

/** Reads the text without trusting it: only the signature tells whether it is ours. */
export function parseBarcode(text: string): Barcode | undefined {
  const bytes = decode(text)
  if (!bytes || bytes[0] !== FORMAT) return undefined
  const generation = new DataView(bytes.buffer).getUint32(1)
  return {
    ticketId: typedId('tkt', bytes.subarray(6, 22)),
    eventId: typedId('evt', bytes.subarray(22, SIGNED)),
    generation,
    keyId: String(bytes[5]),
    signed: bytes.slice(0, SIGNED),
    signature: bytes.slice(SIGNED),
  }
}
