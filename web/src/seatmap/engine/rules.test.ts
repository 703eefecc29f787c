import { expect, test } from 'vitest'
import { AVAILABLE, BLOCKED, HELD, SOLD } from '../../live'
import { parsePlan } from './parse'
import { forbidsOrphans, hasStandardOpen, orphansOf, specialOf } from './rules'
import { row, seatMap } from './sample'

/** `.` free, `x` taken, `p` picked, `|` an aisle; what is left alone, counted from 0. */
function alone(text: string): number[] {
  const plan = parsePlan(seatMap({ S: [row('A', 0, text.replaceAll(/[xp]/g, '.'))] }))
  const letters = [...text].filter((letter) => letter !== '|')
  const statuses = Uint8Array.from(letters, (letter) => (letter === 'x' ? SOLD : AVAILABLE))
  return orphansOf(
    plan,
    statuses,
    new Set(letters.flatMap((letter, at) => (letter === 'p' ? [at] : []))),
    false,
  )
}

test.each([
  ['.p...', [0]],
  ['..p..', []],
  ['pp...', []],
  ['...p.', [4]],
  ['.p.p.', [0, 2, 4]],
  ['x.p..', [1]],
  ['.x.p.', [2, 4]],
  ['..|p.', [3]],
  ['.|pp', []],
  ['.xpp', []],
  ['.....', []],
])('%s leaves %j', (text, left) => expect(alone(text)).toEqual(left))

test('places kept for those who need them count as taken until they are released', () => {
  const plan = parsePlan(seatMap({ S: [row('A', 0, 'w....')] }))
  const left = (seat: number, released: boolean) =>
    orphansOf(plan, new Uint8Array(5), new Set([seat]), released)
  expect([left(2, false), left(2, true)]).toEqual([[1], []])
  expect([left(1, false), left(1, true)]).toEqual([[], [0]])
})

test.each([
  ['a free one', [SOLD, SOLD, AVAILABLE], true],
  ['a held one, which may come back', [SOLD, SOLD, HELD], true],
  ['one that is sold', [AVAILABLE, AVAILABLE, SOLD], false],
  ['one that is blocked', [AVAILABLE, HELD, BLOCKED], false],
])('of ordinary seats, %s leaves some to be had: %s -> %s', (_, statuses, isOpen) => {
  const plan = parsePlan(seatMap({ S: [row('A', 0, 'wc.')] }))
  expect(hasStandardOpen(plan, Uint8Array.from(statuses))).toBe(isOpen)
})

test('the rule about lone seats is lifted late and when nearly all is taken', () => {
  const [now, later] = [Date.parse('2026-06-01T12:00:00Z'), Date.parse('2026-06-01T20:00:00Z')]
  const empty = new Uint8Array(100)
  expect(forbidsOrphans('forbid', empty, later, now)).toBe(true)
  expect(forbidsOrphans('avoid', empty, later, now)).toBe(false)
  expect(forbidsOrphans('forbid', empty, now + 60_000, now)).toBe(false)
  expect(forbidsOrphans('forbid', new Uint8Array(100).fill(SOLD, 0, 96), later, now)).toBe(false)
  expect(forbidsOrphans('forbid', new Uint8Array(100).fill(SOLD, 0, 95), later, now)).toBe(true)
})

test('companion seats go with a wheelchair space only', () => {
  const plan = parsePlan(seatMap({ S: [row('A', 0, 'wc..')] }))
  expect(specialOf(plan, [1, 2])).toEqual({ special: [1], lacksAccessible: true })
  expect(specialOf(plan, [0, 1])).toEqual({ special: [0, 1], lacksAccessible: false })
  expect(specialOf(plan, [3])).toEqual({ special: [], lacksAccessible: false })
})
