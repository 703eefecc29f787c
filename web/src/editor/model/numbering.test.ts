import { expect, test } from 'vitest'
import { nextRowLabel, numberSeats, rowLabel, rowLabels, rowPlace, seatLabels } from './numbering'

const rows = { scheme: 'letters', start: 'A', skip: [], fromBack: false } as const
const seats = { start: 1, step: 1, from: 'left', skip: [] } as const

test.each([
  ['letters', [0, 25, 26, 27, 51, 52, 701, 702], ['A', 'Z', 'AA', 'AB', 'AZ', 'BA', 'ZZ', 'AAA']],
  ['doubled', [0, 25, 26, 27, 51, 52], ['A', 'Z', 'AA', 'BB', 'ZZ', 'AAA']],
  ['numbers', [0, 9, 99], ['1', '10', '100']],
] as const)('rows by %s', (scheme, places, labels) => {
  expect(places.map((n) => rowLabel(scheme, n))).toEqual(labels)
  expect(labels.map((label) => rowPlace(scheme, label))).toEqual(places)
})

test('letters that look like figures are left out, in AI as in I', () => {
  const labels = rowLabels(30, { ...rows, skip: ['I', 'O'] })
  expect(labels).not.toContain('I')
  expect(labels[8]).toBe('J')
  expect(rowLabels(12, { ...rows, start: 'AF', skip: ['I'] })).not.toContain('AI')
})

test('rows count from where they are told to, and from the back', () => {
  expect(rowLabels(3, { ...rows, start: 'Y' })).toEqual(['Y', 'Z', 'AA'])
  expect(rowLabels(3, { ...rows, scheme: 'numbers', start: '5', fromBack: true })).toEqual(['7', '6', '5'])
})

test('seats count on, by odd and even, from either side and past what is skipped', () => {
  expect(seatLabels(4, seats)).toEqual(['1', '2', '3', '4'])
  expect(seatLabels(4, { ...seats, step: 2 })).toEqual(['1', '3', '5', '7'])
  expect(seatLabels(4, { ...seats, step: 2, start: 2, from: 'right' })).toEqual(['8', '6', '4', '2'])
  expect(seatLabels(3, { ...seats, start: 12, skip: ['13'] })).toEqual(['12', '14', '15'])
})

test('left is left on the map, whichever way a row is kept', () => {
  const row = (xs: number[]) => ({
    uid: 1,
    label: 'A',
    seats: xs.map((x, uid) => ({ uid, label: '', x, y: 0, level: '' })),
  })
  expect(numberSeats(row([0, 1, 2]), seats).seats.map(({ label }) => label)).toEqual(['1', '2', '3'])
  expect(numberSeats(row([2, 1, 0]), seats).seats.map(({ label }) => label)).toEqual(['3', '2', '1'])
})

test('the next row goes on as the others do', () => {
  expect(nextRowLabel([])).toBe('A')
  expect(nextRowLabel(['A', 'B'])).toBe('C')
  expect(nextRowLabel(['1', '2'])).toBe('3')
  expect(nextRowLabel(['Z'])).toBe('AA')
  expect(nextRowLabel(['Y', 'Z', 'AA', 'BB'])).toBe('CC')
  expect(nextRowLabel(['G', 'H', 'J', 'K'])).toBe('L')
})
