import { expect, test } from 'vitest'
import { figuresFrom, figuresOf } from './figures'
import type { Scan, Verdict } from './types'

const now = Date.parse('2026-11-22T19:30:20Z')

const scan = (time: string, gate: string, verdict: Verdict) =>
  ({ scannedAt: `2026-11-22T${time}Z`, gate, verdict }) as Scan

test('this device’s scans by gate, minute and reason', () => {
  const figures = figuresOf(
    [
      scan('18:00:00', 'North', 'admitted'),
      scan('19:28:59', 'North', 'admitted'),
      scan('19:30:00', 'North', 'admitted'),
      scan('19:30:10', 'South', 'admitted'),
      scan('19:30:15', 'South', 'forged'),
    ],
    now,
    3,
  )
  expect(figures.admitted).toBe(4)
  expect(figures.minutes.map(({ admitted }) => admitted)).toEqual([1, 0, 2])
  expect(figures.gates).toEqual([
    { gate: 'North', admitted: 3, refused: 0 },
    { gate: 'South', admitted: 1, refused: 1 },
  ])
  expect(figures.refused).toEqual([{ verdict: 'forged', count: 1 }])
})

test('the server names only minutes in which somebody came, each gate by itself', () => {
  const { minutes } = figuresFrom(
    {
      asOf: '2026-11-22T19:30:20Z',
      expected: 10,
      admitted: 9,
      gates: [],
      minutes: [
        { at: '2026-11-22T19:00:00Z', gate: 'North', admitted: 4 },
        { at: '2026-11-22T19:28:00Z', gate: 'North', admitted: 2 },
        { at: '2026-11-22T19:28:00Z', gate: 'South', admitted: 3 },
      ],
    },
    3,
  )
  expect(minutes.map(({ admitted }) => admitted)).toEqual([5, 0, 0])
})
