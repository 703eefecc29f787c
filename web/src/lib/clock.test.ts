import { expect, test, vi } from 'vitest'
import { hear, heard, offsetOf, serverNow, unknownClock } from './clock'

test('the clock of the server is heard more exactly with every answer', () => {
  const date = (time: number) => new Date(Math.floor(time / 1_000) * 1_000).toUTCString()
  // This device is 61.3 s behind; answers take 200 ms.
  let clock = unknownClock
  for (let sent = 0; sent < 40_000; sent += 730) {
    const answered = sent + 100 + 61_300
    clock = heard(clock, date(answered), sent, sent + 200)
    expect(clock.low).toBeLessThanOrEqual(61_300)
    expect(clock.high).toBeGreaterThanOrEqual(61_300)
  }
  expect(clock.high - clock.low).toBeLessThan(500)
  expect(Math.abs(offsetOf(clock) - 61_300)).toBeLessThan(500)
})

test('a clock that is right stays as it is, and one that was set is heard anew', () => {
  const clock = heard(unknownClock, new Date(5_000).toUTCString(), 5_100, 5_300)
  expect(offsetOf(clock)).toBe(0)
  const set = heard(clock, new Date(605_000).toUTCString(), 5_400, 5_500)
  expect(offsetOf(set)).toBe(599_500)
  expect(heard(clock, null, 0, 0)).toBe(clock)
})

test('every call to the server tells the time, also to the page that is opened next', async () => {
  const ahead = 10 * 60_000
  const answer = new Response('{}', { headers: { Date: new Date(Date.now() - ahead).toUTCString() } })
  hear(answer, Date.now() - 50)
  const near = (time: number) => Math.abs(time - (Date.now() - ahead)) < 2_000
  expect(near(serverNow())).toBe(true)
  vi.resetModules()
  const next = await import('./clock')
  expect(near(next.serverNow())).toBe(true)
})
