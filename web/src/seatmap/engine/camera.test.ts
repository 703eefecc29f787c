import { expect, test } from 'vitest'
import { between, clamp, fit, panBy, seen, toMap, toScreen, zoomAt } from './camera'
import { coast, glide } from './motion'

const viewport = { width: 800, height: 600 }
const bounds = [0, 0, 10_000, 5_000] as const

test('what fits in is seen whole', () => {
  const view = seen(fit(bounds, viewport), viewport)
  expect(view[0]).toBeLessThan(0)
  expect(view[2]).toBeGreaterThan(10_000)
})

test('a zoom leaves what is under the pointer where it is', () => {
  const camera = fit(bounds, viewport)
  const pointer = { x: 120, y: 480 }
  const before = toMap(camera, viewport, pointer)
  const zoomed = zoomAt(camera, viewport, pointer, 3.7)
  expect(toScreen(zoomed, viewport, before).x).toBeCloseTo(pointer.x, 6)
  expect(toScreen(zoomed, viewport, before).y).toBeCloseTo(pointer.y, 6)
})

test('a pan moves what is seen with the hand', () => {
  const camera = { x: 100, y: 100, scale: 2 }
  expect(toScreen(panBy(camera, 30, -10), viewport, { x: 100, y: 100 })).toEqual({ x: 430, y: 290 })
})

test('nobody gets lost beyond the map, too near or too far', () => {
  const far = clamp({ x: -1e9, y: 1e9, scale: 1e-9 }, bounds, viewport, 50)
  expect(far.scale).toBeCloseTo(fit(bounds, viewport).scale, 12)
  const near = clamp({ x: 1e9, y: 0, scale: 1e9 }, bounds, viewport, 50)
  expect(near.scale * 50).toBeCloseTo(56, 9)
  expect(near.x).toBeLessThanOrEqual(10_000)
})

test('a glide begins and ends where it should and never turns back', () => {
  const [from, to] = [fit(bounds, viewport), { x: 8_000, y: 4_000, scale: 1 }]
  expect(between(from, to, 0)).toEqual(from)
  expect(between(from, to, 1).x).toBeCloseTo(to.x, 6)
  const xs = Array.from({ length: 21 }, (_, at) => between(from, to, at / 20).x)
  expect(xs).toEqual(xs.toSorted((one, other) => one - other))
  const motion = glide(from, to, 1_000)
  expect(motion.isOver(1_100)).toBe(false)
  expect(motion.at(5_000)).toEqual(to)
})

test('a thrown map slows down and stops', () => {
  const from = { x: 0, y: 0, scale: 1 }
  const motion = coast(from, 1, 0, 0)
  const steps = [0, 100, 200, 300].map((at) => motion.at(at).x)
  expect(steps[0]).toBeCloseTo(0)
  expect(Math.abs(steps[1]! - steps[0]!)).toBeGreaterThan(Math.abs(steps[3]! - steps[2]!))
  expect(motion.isOver(3_000)).toBe(true)
  expect(motion.at(3_000)).toEqual(motion.at(9_000))
})
