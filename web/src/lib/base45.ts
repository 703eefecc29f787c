const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:'

/** Two bytes in three characters that a QR code packs well (RFC 9285). `bytes` are even in number. */
export function encodeBase45(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += 2) {
    let value = ((bytes[at] as number) << 8) | (bytes[at + 1] as number)
    for (let digit = 0; digit < 3; digit++) {
      text += ALPHABET[value % 45]
      value = Math.floor(value / 45)
    }
  }
  return text
}

/** Undefined unless `text` is what the encoder makes of some bytes. */
export function decodeBase45(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (text.length % 3 !== 0) return undefined
  const bytes = new Uint8Array((text.length / 3) * 2)
  for (let pair = 0; pair < bytes.length / 2; pair++) {
    let value = 0
    for (let digit = 2; digit >= 0; digit--) {
      const place = ALPHABET.indexOf(text[pair * 3 + digit] as string)
      if (place < 0) return undefined
      value = value * 45 + place
    }
    if (value > 0xffff) return undefined
    bytes[pair * 2] = value >> 8
    bytes[pair * 2 + 1] = value & 0xff
  }
  return bytes
}
