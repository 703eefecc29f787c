import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { type Barcode, isSameShowing, parseBarcode } from '../../door/core/barcode'
import { checkCode, liveKeys } from '../../door/core/code'
import { checkSignature } from '../../door/core/signature'
import { admitsAt, stepOf } from '../../lib/liveBarcode'
import { barcodeText } from './barcode'

// What the server has promised to read forever. Vitest runs in `web`.
const golden = JSON.parse(readFileSync('../crates/tickets/tests/golden/barcode_v2.json', 'utf8'))
const parsed = (text: string) => parseBarcode(text) as Barcode

test('a phone shows what the server would', async () => {
  for (const { at, text } of golden.shown) expect(await barcodeText(golden, stepOf(at * 1000))).toBe(text)
})

test('a door knows a live barcode without a network, and one that was put together for forged', async () => {
  const keys = await liveKeys(golden.eventKeys)
  const [first, , later] = golden.shown.map(({ text }: { text: string }) => parsed(text))
  expect(first.live.step).toBe(120_000_000)
  expect(first.generation).toBe(3)
  for (const barcode of [first, later]) {
    expect(await checkSignature(golden.publicKeys.keys, barcode)).toBe('genuine')
    expect(await checkCode(keys, barcode)).toBe('genuine')
  }
  const forged = { ...first, live: { ...first.live, step: later.live.step } }
  expect(await checkCode(keys, forged)).toBe('forged')
  expect(await checkCode([], first)).toBe('unknown_key')
})

test('neither kind of barcode is read as the other', () => {
  const [{ text }] = golden.shown
  expect(parseBarcode(text.slice(0, 153))).toBeUndefined()
  expect(parseBarcode(`${text}000`)).toBeUndefined()
  const paper = readFileSync('../crates/tickets/tests/golden/barcode_v1.txt', 'utf8').split('\n')[1]
  expect(parseBarcode(`${paper}${text.slice(153)}`)).toBeUndefined()
  expect(parsed(paper as string).live).toBeUndefined()
})

test('a phone that stays in view is one scan over its next code, and another after a picture', async () => {
  const [first, next, later] = await Promise.all([100, 101, 110].map((step) => barcodeText(golden, step)))
  const other = await barcodeText({ ...golden, seal: golden.seal.replace('AgAAAAM', 'AgAAAAQ') }, 100)
  expect(isSameShowing(next as string, first as string)).toBe(true)
  expect(isSameShowing(later as string, first as string)).toBe(false)
  expect(isSameShowing(other, first as string)).toBe(false)
  expect(isSameShowing('https://example.org', first as string)).toBe(false)
})

test('a code is good in its step and two on each side', () => {
  const good = [1_469, 1_470, 1_500, 1_514, 1_544, 1_545].map((seconds) => admitsAt(100, seconds * 1000))
  expect(good).toEqual([false, true, true, true, true, false])
})
