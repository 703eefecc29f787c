import { expect, test } from 'vitest'
import { neighbours } from './checks'
import { addSection, ROW_NUMBERS, SEAT_NUMBERS } from './draw'
import { formOf, reform, reformRow, resize, toggleAisle } from './form'
import { type Curve, curveOf, distance, longTable, pointOn, pointsOn, roundTable } from './geometry'
import { emptyDoc, type Row } from './types'

const curve: Curve = {
  middle: { x: 100, y: 200 },
  angle: 30,
  spacing: 50,
  bend: 1 / 400,
  aisles: [4],
  aisleWidth: 2,
}
const row = (points: { x: number; y: number }[]): Row => ({
  uid: 1,
  label: 'A',
  seats: points.map((point, at) => ({ uid: at + 2, label: String(at + 1), level: 'a', ...point })),
})

test.each([
  ['straight', { ...curve, bend: 0 }],
  ['towards the stage', curve],
  ['away from it', { ...curve, bend: -1 / 700 }],
  ['with two aisles', { ...curve, aisles: [2, 6] }],
  ['turned around', { ...curve, angle: -150 }],
])('a row laid %s is read as the same curve', (_, laid) => {
  const read = curveOf(pointsOn(laid, 11))!
  expect(read.middle.x).toBeCloseTo(laid.middle.x, 1)
  expect(read.middle.y).toBeCloseTo(laid.middle.y, 1)
  expect(read.angle).toBeCloseTo(laid.angle, 1)
  expect(read.spacing).toBeCloseTo(50, 2)
  expect(read.bend).toBeCloseTo(laid.bend, 6)
  expect(read.aisles).toEqual(laid.aisles)
  expect(read.aisleWidth).toBeCloseTo(2, 2)
})

test('every seat of an arc is as far from its middle', () => {
  const middle = pointOn({ ...curve, middle: { x: 0, y: 0 }, angle: 0 }, 0)
  expect(middle).toEqual({ x: 0, y: 0 })
  const center = { x: 0, y: -400 }
  for (const along of [-300, -50, 120, 400]) {
    const point = pointOn({ ...curve, middle: { x: 0, y: 0 }, angle: 0 }, along)
    expect(distance(point, center)).toBeCloseTo(400)
  }
})

test('seats that stand anyhow are on no curve', () => {
  expect(
    curveOf([
      { x: 0, y: 0 },
      { x: 50, y: 40 },
      { x: 100, y: -30 },
      { x: 150, y: 60 },
    ]),
  ).toBeUndefined()
  expect(curveOf(roundTable({ x: 0, y: 0 }, 90, 8))).toBeUndefined()
})

test('chairs of a round table stand evenly, those of a long one on both sides', () => {
  const chairs = roundTable({ x: 10, y: 20 }, 90, 7)
  expect(chairs.map((chair) => Math.round(distance(chair, { x: 10, y: 20 })))).toEqual(Array(7).fill(90))
  const long = longTable({ x: 0, y: 0 }, 250, 75, 12, 30)
  expect(long).toHaveLength(12)
  expect(long.filter(({ y }) => y < 0)).toHaveLength(5)
  expect(long.filter(({ y }) => y === 0)).toHaveLength(2)
})

const section = (radius: number, staggered = false) =>
  addSection(emptyDoc('a'), {
    name: 'S',
    at: { x: 0, y: 0 },
    rows: 4,
    seats: 9,
    spacing: 50,
    rowSpacing: 80,
    radius,
    staggered,
    fanned: false,
    aisles: [],
    level: 'standard',
    rowNumbers: ROW_NUMBERS,
    seatNumbers: SEAT_NUMBERS,
  }).doc.sections[0]!

test('the form of a section is read from where its seats stand', () => {
  expect(formOf(section(0))).toEqual({ spacing: 50, rowSpacing: 80, radius: 0, staggered: false })
  expect(formOf(section(600))).toEqual({ spacing: 50, rowSpacing: 80, radius: 600, staggered: false })
  expect(formOf(section(0, true))).toEqual({ spacing: 50, rowSpacing: 80, radius: 0, staggered: true })
})

test('rows are bent around one middle', () => {
  const bent = reform(section(0), { radius: 500 })
  for (const [at, { seats }] of bent.rows.entries()) {
    for (const seat of seats) expect(distance(seat, { x: 0, y: -500 })).toBeCloseTo(500 + at * 80, 1)
  }
  expect(formOf(reform(bent, { radius: 0 }))).toEqual(formOf(section(0)))
})

test('rows are spaced and staggered, the first staying where it is', () => {
  const wide = reform(section(0), { rowSpacing: 100, spacing: 60 })
  expect(wide.rows.map(({ seats }) => seats[4]!.y)).toEqual([0, 100, 200, 300])
  expect(wide.rows[0]!.seats[4]!.x).toBe(0)
  const staggered = reform(section(0), { staggered: true })
  expect(staggered.rows.map(({ seats }) => seats[4]!.x)).toEqual([0, 25, 0, 25])
  expect(formOf(reform(staggered, { staggered: false }))).toEqual(formOf(section(0)))
})

test('an aisle is one to the server, and closes again', () => {
  const before = row(pointsOn({ ...curve, aisles: [] }, 8))
  const open = toggleAisle(before, 2)
  expect(neighbours(open)).toEqual([true, true, false, true, true, true, true, false])
  expect(open.seats[0]).toEqual(before.seats[0])
  const closed = toggleAisle(open, 2)
  closed.seats.forEach((seat, at) => {
    expect(seat.x).toBeCloseTo(before.seats[at]!.x, 1)
    expect(seat.y).toBeCloseTo(before.seats[at]!.y, 1)
  })
})

test('a longer row keeps the seats it had, and goes on counting', () => {
  const { doc } = addSection(emptyDoc('a'), {
    ...{
      name: '',
      at: { x: 0, y: 0 },
      rows: 1,
      seats: 4,
      spacing: 50,
      rowSpacing: 80,
      radius: 800,
      staggered: false,
    },
    ...{
      fanned: false,
      aisles: [],
      level: 'standard',
      rowNumbers: ROW_NUMBERS,
      seatNumbers: { ...SEAT_NUMBERS, step: 2 },
    },
  })
  const before = doc.sections[0]!.rows[0]!
  const after = resize(doc, before.uid, 6).sections[0]!.rows[0]!
  expect(after.seats.slice(0, 4)).toEqual(before.seats)
  expect(after.seats.map(({ label }) => label)).toEqual(['1', '3', '5', '7', '9', '11'])
  expect(neighbours(after).slice(0, 5)).toEqual(Array(5).fill(true))
  expect(resize(doc, before.uid, 2).sections[0]!.rows[0]!.seats).toEqual(before.seats.slice(0, 2))
})

test('a row is straightened around its middle', () => {
  const straight = reformRow(row(pointsOn({ ...curve, angle: 0 }, 5)), { bend: 0, aisles: [] })
  expect(straight.seats.every(({ y }) => Math.abs(y - 200) < 0.5)).toBe(true)
})
