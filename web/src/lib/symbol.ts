import { encode } from 'uqr'

/** A symbol as one path on a square of `side` modules, quiet zone included. */
export type QrSymbol = { side: number; path: string }

/** Light modules on each side (ISO/IEC 18004, 9.1). */
const QUIET_ZONE = 4

/** `text` as a QR code for a phone's or a scanner's camera. */
export function symbolOf(text: string): QrSymbol {
  const { data } = encode(text, { ecc: 'M', boostEcc: false, border: QUIET_ZONE })
  const parts: string[] = []
  data.forEach((row, y) => {
    for (let x = 0; x < row.length; x++) {
      if (!row[x]) continue
      const left = x
      while (row[x + 1]) x++
      const width = x + 1 - left
      parts.push(`M${left} ${y}h${width}v1h-${width}z`)
    }
  })
  return { side: data.length, path: parts.join('') }
}
