import { describe, expect, test } from 'vitest'
import { parsePlan } from './parse'
import { ACCESSIBLE, COMPANION, idOf, isOnAisle, JOINED, labelOf, RESTRICTED, SeatIds } from './plan'
import { row, seatMap } from './sample'
import { isInside } from './shapes'

const joined = (seats: string) => {
  const plan = parsePlan(seatMap({ S: [row('A', 0, seats)] }))
  return [...plan.flags].map((flags) => (flags & JOINED) !== 0)
}

describe('a seat map', () => {
  test('has its seats in map order with the names around them', () => {
    const plan = parsePlan(
      seatMap({ '101': [row('A', 0, '...'), row('B', 80, '..')], '102': [row('A', 0, '.', 900)] }),
    )
    expect(plan.seatCount).toBe(6)
    expect([0, 2, 3, 5].map((seat) => idOf(plan, seat))).toEqual(['101-A-1', '101-A-3', '101-B-1', '102-A-1'])
    expect(new SeatIds(plan).find('101-B-2')).toBe(4)
    expect(new SeatIds(plan).find('101-B-3')).toBeUndefined()
    expect(plan.sections[0]).toMatchObject({ seatStart: 0, seatEnd: 5, rowStart: 0, rowEnd: 2 })
  })

  test('keeps ids and labels that are not numbers as they are', () => {
    const wire = seatMap({ S: [row('A', 0, '....')] })
    const seats = wire.sections![0]!.rows[0]!.seats
    seats[0]!.label = '07'
    seats[1]!.label = '12b'
    seats[2]!.id = 'elsewhere'
    seats[3]!.id = 'S-A-4'
    const plan = parsePlan(wire)
    expect([0, 1, 2, 3].map((seat) => labelOf(plan, seat))).toEqual(['07', '12b', '3', '4'])
    expect([0, 1, 2, 3].map((seat) => idOf(plan, seat))).toEqual(['S-A-07', 'S-A-12b', 'elsewhere', 'S-A-4'])
    expect(plan.oddIds.size).toBe(1)
  })

  test('knows who sits beside whom as the server does', () => {
    expect(joined('...|..')).toEqual([true, true, false, true, false])
    expect(joined('.')).toEqual([false])
  })

  test('says which seats are on an aisle', () => {
    const plan = parsePlan(seatMap({ S: [row('A', 0, '...|...')] }))
    expect([0, 1, 2, 3, 4, 5].map((seat) => isOnAisle(plan, seat))).toEqual([
      true,
      false,
      true,
      true,
      false,
      true,
    ])
  })

  test('marks places for those who need them', () => {
    const plan = parsePlan(seatMap({ S: [row('A', 0, 'wc.r')] }))
    expect([...plan.flags].map((flags) => flags & ~JOINED)).toEqual([ACCESSIBLE, COMPANION, 0, RESTRICTED])
  })

  test('without seats is one all the same', () => {
    const plan = parsePlan(seatMap({}))
    expect(plan.seatCount).toBe(0)
    expect(plan.bounds).toEqual([0, 0, 4_000, 4_000])
  })

  test('takes chairs around a point for a table and rows on a curve for rows', () => {
    const around = (count: number, turn: number, radius: number) =>
      Array.from({ length: count }, (_, at) => {
        const angle = (turn * at) / count
        return {
          label: String(at + 1),
          x: 500 + radius * Math.cos(angle),
          y: 500 + radius * Math.sin(angle),
          level: 'a',
        }
      })
    const plan = parsePlan(
      seatMap({
        T: [{ label: 'T1', seats: around(4, 2 * Math.PI, 75) }],
        R: [{ label: 'A', seats: around(20, Math.PI / 2, 600) }],
      }),
    )
    expect(plan.sections.map((section) => section.tables.length)).toEqual([3, 0])
    const [x, y, radius] = plan.sections[0]!.tables
    expect([x, y]).toEqual([500, 500])
    expect(radius! + plan.size[0]! / 2).toBeLessThan(75)
  })
})

describe('the outline of a section', () => {
  const plan = parsePlan(
    seatMap({
      straight: [row('A', 0, '.....'), row('B', 80, '......|...'), row('C', 160, '...')],
      single: [row('A', 900, '....', 600)],
      lone: [row('A', 2_000, '.', 600)],
    }),
  )

  test.each(plan.sections.map((section, at) => [section.id, at] as const))(
    '%s has all its seats inside',
    (_, at) => {
      const { outline, seatStart, seatEnd, middle, room } = plan.sections[at]!
      for (let seat = seatStart; seat < seatEnd; seat++) {
        expect(isInside(outline, plan.x[seat]!, plan.y[seat]!), idOf(plan, seat)).toBe(true)
      }
      expect(isInside(outline, middle.x, middle.y)).toBe(true)
      expect(room).toBeGreaterThan(0)
    },
  )

  test('is the same whichever way rows are numbered', () => {
    const forward = parsePlan(seatMap({ S: [row('A', 0, '....'), row('B', 80, '....')] }))
    const wire = seatMap({ S: [row('A', 0, '....'), row('B', 80, '....')] })
    wire.sections![0]!.rows[1]!.seats.reverse()
    expect(parsePlan(wire).sections[0]!.outline).toEqual(forward.sections[0]!.outline)
  })
})
