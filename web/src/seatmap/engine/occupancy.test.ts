import { expect, test } from 'vitest'
import { heatOfAll } from './heat'
import { type Changed, Occupancy } from './occupancy'
import { parsePlan } from './parse'
import { row, seatMap } from './sample'

function occupancy() {
  const wire = seatMap({ L: [row('A', 0, '...')], R: [row('A', 0, '..', 800)] })
  wire.areas = [{ id: 'F', name: 'Floor', capacity: 10, level: 'a' }]
  const plan = parsePlan(wire)
  const made = new Occupancy(plan)
  const heard: Changed[] = []
  made.subscribe((changed) => heard.push(changed))
  return { plan, made, heard }
}

const snapshot = (version: number, seats: number[], left = 10) => ({
  version,
  map: 3,
  seats: Uint8Array.from(seats),
  areas: [{ id: 'F', available: left }],
})

test('counts by section follow every change', () => {
  const { made } = occupancy()
  made.replace(snapshot(7, [0, 1, 2, 3, 0, 0, 0, 0]))
  expect([...made.counts]).toEqual([1, 1, 1, 0, 1, 0, 0, 1])
  made.apply({
    version: 8,
    seats: [
      [1, 0],
      [4, 2],
    ],
    areas: [],
  })
  expect([...made.counts]).toEqual([2, 0, 1, 0, 0, 0, 1, 1])
  expect(made.version).toBe(8)
  expect(made.available).toBe(12)
})

test('only what is other than before is told', () => {
  const { made, heard } = occupancy()
  made.replace(snapshot(1, [0, 0, 0, 0, 0]))
  made.replace(snapshot(2, [0, 2, 0, 0, 0]))
  made.apply({
    version: 3,
    seats: [
      [1, 2],
      [2, 1],
    ],
    areas: [],
  })
  made.apply({ version: 4, seats: [[2, 1]], areas: [] })
  made.apply({ version: 5, seats: [], areas: [{ id: 'F', available: 4 }] })
  expect(heard).toEqual(['all', [1], [2], 'all'])
})

test('places that no map has are passed over', () => {
  const { made } = occupancy()
  made.apply({ version: 1, seats: [[99, 2]], areas: [] })
  expect([...made.counts]).toEqual([3, 0, 0, 0, 2, 0, 0, 0])
})

test('a snapshot of another map is told from this one', () => {
  const { made } = occupancy()
  expect(made.fits(snapshot(1, []))).toBe(true)
  expect(made.fits({ ...snapshot(1, []), map: 4 })).toBe(false)
})

test('heat is what is taken of what can be sold', () => {
  const { plan, made } = occupancy()
  made.replace(snapshot(1, [1, 2, 0, 3, 2], 4))
  const shares = [...heatOfAll(plan, made.counts, made.areas)].map((share) => Math.round(share * 100))
  expect(shares).toEqual([67, 100, 60])
})
