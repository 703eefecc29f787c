import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { type Barcode, normalized, parseBarcode, typedId } from './barcode'
import { checkSignature, verifiers } from './signature'

// What the server has promised to read forever. Vitest runs in `web`.
const golden = readFileSync('../crates/tickets/tests/golden/barcode_v1.txt', 'utf8')
const [keyLine = '', ...texts] = golden.trimEnd().split('\n')
const { keys } = JSON.parse(keyLine)
const parsed = texts.map((text) => parseBarcode(text) as Barcode)

test('the golden barcodes say their ticket, event and generation', () => {
  expect(parsed.map(({ generation }) => generation)).toEqual([1, 2, 1_000])
  for (const { ticketId, eventId, keyId } of parsed) {
    expect(ticketId).toMatch(/^tkt_[0-7][0-9a-hjkmnp-tv-z]{25}$/)
    expect(eventId).toMatch(/^evt_[0-7][0-9a-hjkmnp-tv-z]{25}$/)
    expect(keyId).toBe('1')
  }
})

test('an id is written as the API writes it', () => {
  // The example of the TypeID specification.
  const uuid = Uint8Array.from([
    0x01, 0x89, 0x0a, 0x5d, 0xac, 0x96, 0x77, 0x4b, 0xbc, 0xce, 0xb3, 0x02, 0x09, 0x9a, 0x80, 0x57,
  ])
  expect(typedId('prefix', uuid)).toBe('prefix_01h455vb4pex5vsknk084sn02q')
})

test.each(Object.entries(verifiers))(
  '%s: the golden signatures hold, and none survives a change',
  async (_, verify) => {
    for (const barcode of parsed) {
      expect(await checkSignature(keys, barcode, verify)).toBe('genuine')
      for (const at of [0, 4, 21, 37]) {
        const signed = barcode.signed.slice()
        signed[at] = (signed[at] as number) ^ 1
        expect(await checkSignature(keys, { ...barcode, signed }, verify)).toBe('forged')
      }
      expect(await checkSignature([], barcode, verify)).toBe('unknown_key')
    }
  },
)

test('what is no barcode is none', () => {
  const [text = ''] = texts
  for (const wrong of [
    '',
    'https://example.org',
    text.slice(1),
    `${text} `,
    text.replace('V', 'v'),
    `000${text.slice(3)}`,
    `:::${text.slice(3)}`,
  ])
    expect(parseBarcode(wrong), wrong).toBeUndefined()
})

test('a text is read however it was typed, but spaces inside are part of it', () => {
  const [text = ''] = texts
  expect(normalized(` ${text.toLowerCase()}\r\n`)).toBe(text)
  expect(texts.some((one) => one.includes(' '))).toBe(true)
})
