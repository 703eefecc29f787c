import { expect, test } from 'vitest'
import { Burst, likeliest, onUsKeyboard } from './burst'

/** Feeds `text` with a pause of `gap` ms before each key; answers what came of each and of Enter. */
function type(burst: Burst, text: string, gap: number, start = 1_000) {
  const keys = [...text, 'Enter']
  return keys.map((key, at) => burst.feed({ key, code: '', shiftKey: false, at: start + at * gap }))
}

test('a scanner is known by its pace, whatever it reads', () => {
  const heard = type(new Burst(), 'HTTPS://EXAMPLE', 8)
  expect(heard.at(-1)).toEqual({ read: ['HTTPS://EXAMPLE'] })
  expect(heard[0]).toBe('first')
  expect(heard[14]).toBe('ours')
})

test('a slow scanner is known by how our barcodes begin', () => {
  const heard = type(new Burst(), 'V50000W50.80', 80)
  expect(heard.slice(0, 4)).toEqual(['first', 'pass', 'ours', 'ours'])
  expect(heard.at(-1)).toEqual({ read: ['V50000W50.80'] })
})

test('a quick typist keeps every key', () => {
  const heard = type(new Burst(), 'North entrance', 70)
  expect(heard.slice(1).every((one) => one === 'pass')).toBe(true)
})

test('what was typed before a pause is no part of the scan', () => {
  const burst = new Burst()
  type(burst, 'abc', 200)
  expect(type(burst, 'V50000W50.80', 5, 90_000).at(-1)).toEqual({ read: ['V50000W50.80'] })
})

test('a few quick keys and Enter are no scan', () => {
  expect(type(new Burst(), 'ok', 5).at(-1)).toBe('pass')
})

test('a scanner that types American on another keyboard is understood', () => {
  const burst = new Burst()
  // Y and Z change places on a German keyboard, and so do most signs.
  const keys = [
    ['v', 'KeyV', true],
    ['5', 'Digit5', false],
    ['0', 'Digit0', false],
    ['y', 'KeyZ', false],
    ['z', 'KeyY', false],
    ['_', 'Slash', true],
    ['-', 'Slash', false],
    ['(', 'Digit8', true],
    ['Ö', 'Semicolon', true],
  ] as const
  keys.forEach(([key, code, shiftKey], at) => {
    burst.feed({ key, code, shiftKey, at: at * 5 })
  })
  const heard = burst.feed({ key: 'Enter', code: 'Enter', shiftKey: false, at: 50 })
  expect(heard).toEqual({ read: ['v50yz_-(Ö', 'V50ZY/*:'] })
  expect(likeliest(['v50yz_-(Ö', 'V50ZY/*:'], (text) => text.startsWith('V50ZY'))).toBe('V50ZY/*:')
  expect(likeliest(['one', 'two'], () => false)).toBe('one')
})

test('the signs of base45 stand where an American keyboard has them', () => {
  const plain = ['Space', 'Minus', 'Period', 'Slash'].map((code) => onUsKeyboard({ code, shiftKey: false }))
  const shifted = ['Digit4', 'Digit5', 'Digit8', 'Equal', 'Semicolon'].map((code) =>
    onUsKeyboard({ code, shiftKey: true }),
  )
  expect([...plain, ...shifted].join('')).toBe(' -./$%*+:')
})
