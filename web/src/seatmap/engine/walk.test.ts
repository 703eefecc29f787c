import { expect, test } from 'vitest'
import { areaAt, SeatIndex, sectionAt } from './hit'
import { parsePlan } from './parse'
import { idOf } from './plan'
import { row, seatMap } from './sample'
import { frontSeat, nextSeat, step, stepSection } from './walk'

/** Rows on circles around a stage at the top, as in a theatre. */
function curved(id: string, rows: number, turn: number) {
  return {
    [id]: Array.from({ length: rows }, (_, at) => {
      const radius = 800 + at * 90
      const count = Math.floor((radius * 1.2) / 50)
      return {
        label: String.fromCharCode(65 + at),
        seats: Array.from({ length: count }, (_, seat) => {
          const angle = Math.PI / 2 + turn + 0.6 - (seat * 1.2) / (count - 1)
          return {
            label: String(seat + 1),
            x: 2_000 + radius * Math.cos(angle),
            y: radius * Math.sin(angle),
            level: 'a',
          }
        }),
      }
    }),
  }
}

const straight = parsePlan(
  seatMap({ L: [row('A', 0, '...|..'), row('B', 80, '......')], R: [row('A', 0, '...', 800)] }),
)
const straightIndex = SeatIndex.of(straight)
const at = (id: string) =>
  Array.from({ length: straight.seatCount }, (_, seat) => idOf(straight, seat)).indexOf(id)
const from = (
  id: string,
  direction: 'left' | 'right' | 'up' | 'down',
  isWanted?: (seat: number) => boolean,
) => {
  const seat = step(straight, straightIndex, at(id), direction, isWanted)
  return seat === undefined ? undefined : idOf(straight, seat)
}

test('arrows move by where seats are', () => {
  expect(from('L-A-1', 'right')).toBe('L-A-2')
  expect(from('L-A-3', 'right')).toBe('L-A-4')
  expect(from('L-A-2', 'down')).toBe('L-B-2')
  expect(from('L-B-1', 'up')).toBe('L-A-1')
  expect(from('L-A-5', 'right')).toBe('R-A-1')
  expect(from('L-A-1', 'left')).toBeUndefined()
})

test('arrows pass over what is not wanted', () => {
  const taken = new Set(['L-A-2', 'L-A-3'].map(at))
  expect(from('L-A-1', 'right', (seat) => !taken.has(seat))).toBe('L-A-4')
})

test('on curved rows every seat is reached by arrows', () => {
  const plan = parsePlan(seatMap(curved('S', 8, 0.9)))
  const index = SeatIndex.of(plan)
  const reached = new Set([0])
  const open = [0]
  for (let seat = open.pop(); seat !== undefined; seat = open.pop()) {
    for (const direction of ['left', 'right', 'up', 'down'] as const) {
      const next = step(plan, index, seat, direction)
      if (next !== undefined && !reached.has(next)) {
        reached.add(next)
        open.push(next)
      }
    }
  }
  expect(reached.size).toBe(plan.seatCount)
})

test('sections are stepped through as well', () => {
  expect(stepSection(straight, 0, 'right')).toBe(1)
  expect(stepSection(straight, 1, 'left')).toBe(0)
  expect(stepSection(straight, 1, 'right')).toBeUndefined()
})

test('the front seat is the one nearest to the stage that is wanted', () => {
  const first = frontSeat(straight, 0, () => true)
  expect(straight.rowOf[first!]).toBe(0)
  expect(frontSeat(straight, 0, (seat) => straight.rowOf[seat] === 1)).toBeGreaterThan(4)
  expect(frontSeat(straight, 0, () => false)).toBeUndefined()
})

test('the next free seat comes round again', () => {
  expect(nextSeat(straight, 0, (seat) => seat === 0)).toBe(0)
  expect(nextSeat(straight, straight.seatCount - 1, (seat) => seat === 2)).toBe(2)
  expect(nextSeat(straight, 0, () => false)).toBeUndefined()
})

test('a point finds its seat, section and area', () => {
  expect(straightIndex.near(101, 3, 1, 25)).toEqual([2])
  expect(straightIndex.near(101, 300, 1, 25)).toEqual([])
  expect(SeatIndex.from(straightIndex.data).near(101, 3, 1)).toEqual([2])
  expect(sectionAt(straight, 60, 40)).toBe(0)
  expect(sectionAt(straight, 850, 0)).toBe(1)
  expect(sectionAt(straight, 3_000, 3_000)).toBeUndefined()
  const wire = seatMap({})
  wire.areas = [
    {
      id: 'F',
      name: 'Floor',
      capacity: 9,
      level: 'a',
      shape: { type: 'rectangle', x: 100, y: 100, width: 50, height: 50, rotation: 45 },
    },
  ]
  const standing = parsePlan(wire)
  expect(areaAt(standing, 100, 140)).toBe(0)
  expect(areaAt(standing, 145, 105)).toBeUndefined()
})

test('a map of no seats has none to find', () => {
  expect(SeatIndex.of(parsePlan(seatMap({}))).near(0, 0, 1)).toEqual([])
})
