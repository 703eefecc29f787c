// Barcodes as scanners see them and as devices make them.
import { createHmac } from 'node:crypto'
import decodeQR from 'qr/decode.js'

/** The rows of modules of a drawn barcode, dark ones as 1. */
export function modulesOf(svg) {
  const side = Number(/viewBox="0 0 (\d+)/.exec(svg)[1])
  const dark = Array.from({ length: side }, () => new Uint8Array(side))
  for (const [, x, y, run] of svg.matchAll(/M(\d+) (\d+)h(\d+)v1/g))
    dark[Number(y)].fill(1, Number(x), Number(x) + Number(run))
  return dark
}

/** What a scanner reads of the barcode that a fan's page shows. */
export async function shownText(page) {
  const image = page.getByRole('img', { name: /Barcode of this ticket/ })
  const dark = modulesOf(await image.evaluate((svg) => svg.outerHTML))
  const scale = 4
  const size = dark.length * scale
  const data = new Uint8ClampedArray(size * size * 4)
  for (let at = 0; at < size * size; at++) {
    const [x, y] = [at % size, Math.floor(at / size)]
    const light = dark[Math.floor(y / scale)][Math.floor(x / scale)] ? 0 : 255
    data.set([light, light, light, 255], at * 4)
  }
  return decodeQR({ data, width: size, height: size })
}

const LETTERS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:'

function base45(bytes) {
  let text = ''
  for (let at = 0; at < bytes.length; at += 2) {
    const value = bytes.readUInt16BE(at)
    for (const digit of [value % 45, Math.floor(value / 45) % 45, Math.floor(value / 2025)])
      text += LETTERS[digit]
  }
  return text
}

const bytesOf = (text) =>
  Buffer.concat(
    [...text.matchAll(/.../gs)].map(([three]) => {
      const [low, middle, high] = [...three].map((letter) => LETTERS.indexOf(letter))
      const pair = Buffer.alloc(2)
      pair.writeUInt16BE(low + middle * 45 + high * 2025)
      return pair
    }),
  )

/** Which of the ticket's barcodes a text is of. */
export const generationOf = (text) => bytesOf(text).readUInt32BE(1)

/** The live barcode of a moment, in ms since 1970. `live`: as the API gives it to the ticket's owner. */
export function liveText({ seal, key }, at) {
  const step = Buffer.alloc(4)
  step.writeUInt32BE(Math.floor(at / 15_000))
  const code = createHmac('sha256', Buffer.from(key, 'base64url')).update(step).digest().subarray(0, 8)
  return base45(Buffer.concat([Buffer.from(seal, 'base64url'), step, code]))
}
