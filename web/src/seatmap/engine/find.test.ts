import { expect, test } from 'vitest'
import { type Filter, levelsPassing, matching, NO_FILTER } from './filter'
import { find } from './find'
import { parsePlan } from './parse'
import { idOf } from './plan'
import { row, seatMap } from './sample'

const wire = seatMap({
  '101': [row('A', 0, '............'), row('B', 80, '..')],
  '1010': [row('A', 0, '..', 900)],
  CIRCLE: [row('AA', 400, 'wr.')],
})
wire.sections![2]!.name = 'Dress circle, étage'
wire.sections![2]!.rows[0]!.seats[2]!.level = 'b'
const plan = parsePlan(wire)
const names = (text: string) =>
  find(plan, text).map(({ section, row, seat }) =>
    seat !== undefined
      ? idOf(plan, seat)
      : row !== undefined
        ? `${plan.sections[section]!.id}-${plan.rowLabel[row]}`
        : plan.sections[section]!.id,
  )

test.each([
  ['101 A 12', ['101-A-12']],
  ['101-a-12', ['101-A-12']],
  ['section 101, row A, seat 12', ['101-A-12']],
  ['101 b', ['101-B']],
  ['101', ['101', '1010']],
  ['dress circle', ['CIRCLE']],
  ['ETAGE', ['CIRCLE']],
  ['dress circle aa 2', ['CIRCLE-AA-2']],
  ['101 A 99', []],
  ['nowhere', []],
  ['  ', []],
])('%j finds %j', (text, found) => expect(names(text)).toEqual(found))

test('filters leave seats out by level, price, view and need', () => {
  const prices = [9_000, 4_000]
  const passing = (filter: Partial<Filter>) => {
    const passes = matching(plan, { ...NO_FILTER, ...filter }, prices)
    return passes && [...passes].flatMap((passes, seat) => (passes ? [idOf(plan, seat)] : []))
  }
  expect(passing({})).toBeUndefined()
  expect(passing({ levels: new Set([1]) })).toEqual(['CIRCLE-AA-3'])
  expect(passing({ priceMax: 5_000 })).toEqual(['CIRCLE-AA-3'])
  expect(passing({ accessibleOnly: true })).toEqual(['CIRCLE-AA-1'])
  expect(passing({ hidesRestricted: true })).not.toContain('CIRCLE-AA-2')
  expect(levelsPassing(plan, { ...NO_FILTER, priceMax: 5_000 }, [undefined, 4_000])).toEqual([false, true])
})
