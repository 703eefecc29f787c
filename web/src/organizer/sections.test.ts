import { expect, test } from 'vitest'
import { countSections, shareOf, totalOf, unpackSeats, withAreas } from './sections'

// Seats 0..5: available, held, sold, blocked, sold, sold.
const PACKED = btoa(String.fromCharCode(0b11_10_01_00, 0b00_00_10_10))

test('statuses are unpacked from the lowest bits up', () => {
  expect([...unpackSeats(PACKED, 6)]).toEqual([0, 1, 2, 3, 2, 2])
})

test('sections are counted in map order, areas by their capacity', () => {
  const counts = countSections(
    [
      { id: 'L', name: 'Left', seats: 2, available: 1 },
      { id: 'R', name: 'Right', seats: 4, available: 0 },
    ],
    [{ id: 'F', name: 'Floor', available: 70 }],
    unpackSeats(PACKED, 6),
    () => 100,
  )
  expect(
    counts.map(({ id, available, held, sold, blocked, taken }) => [
      id,
      available,
      held,
      sold,
      blocked,
      taken,
    ]),
  ).toEqual([
    ['L', 1, 1, 0, 0, 0],
    ['R', 0, 0, 3, 1, 0],
    ['F', 70, 0, 0, 0, 30],
  ])
  expect(totalOf(counts)).toEqual({ capacity: 106, available: 71, held: 1, sold: 3, blocked: 1, taken: 30 })
})

test('an area that grew since its capacity was read is never more than full', () => {
  const [area] = countSections([], [{ id: 'F', name: 'Floor', available: 120 }], new Uint8Array(), () => 100)
  expect(area).toMatchObject({ capacity: 120, taken: 0 })
})

test('of an area that takes nobody no part is taken', () => {
  expect(shareOf({ capacity: 0 }, 0)).toBe(0)
  expect(shareOf({ capacity: 40 }, 10)).toBe(0.25)
})

test('staff see the places of an area apart, and a section of the same id stays as it is', () => {
  const counts = countSections(
    [{ id: 'F', name: 'Front', seats: 2, available: 1 }],
    [
      { id: 'F', name: 'Floor', available: 70 },
      { id: 'G', name: 'Garden', available: 5 },
    ],
    new Uint8Array([0, 2]),
    () => 100,
  )
  const floor = { id: 'F', name: 'Floor', capacity: 90, sold: 10, held: 4, blocked: 6, available: 70 }
  const [front, area, garden] = withAreas(counts, [floor])
  expect(front).toMatchObject({ isArea: false, capacity: 2, sold: 1, available: 1 })
  expect(area).toEqual({ ...floor, isArea: true, taken: 0 })
  expect(garden).toMatchObject({ available: 5, taken: 95 })
})
