import { expect, test, vi } from 'vitest'
import { Problem } from '../../api/problem'
import { csvCell, csvText, readAll } from './download'

test.each([
  ['plain', 'plain'],
  ['a, b', '"a, b"'],
  ['say "hi"', '"say ""hi"""'],
  ['=1+1', "'=1+1"],
  [-4, '-4'],
  [undefined, ''],
])('%s is written %s', (value, cell) => expect(csvCell(value)).toBe(cell))

test('lines end as the standard says', () =>
  expect(
    csvText([
      ['a', 1],
      ['b', 2],
    ]),
  ).toBe('\uFEFFa,1\r\nb,2\r\n'))

test('a list is read to its end', async () => {
  const seen: number[] = []
  const all = await readAll(
    async (cursor) => (cursor ? { items: [3], nextCursor: null } : { items: [1, 2], nextCursor: 'more' }),
    (count) => seen.push(count),
  )
  expect(all).toEqual([1, 2, 3])
  expect(seen).toEqual([2, 3])
})

test('a list waits as long as it is told to, and goes on where it was', async () => {
  vi.useFakeTimers()
  const asked: (string | undefined)[] = []
  const all = readAll(async (cursor) => {
    asked.push(cursor)
    if (asked.length === 2) throw new Problem('rate_limited', 429, {}, 3)
    return cursor ? { items: [2] } : { items: [1], nextCursor: 'more' }
  })
  await vi.advanceTimersByTimeAsync(3_000)
  expect(await all).toEqual([1, 2])
  expect(asked).toEqual([undefined, 'more', 'more'])
  vi.useRealTimers()
})

test('another refusal ends it', async () => {
  const refused = readAll(async () => {
    throw new Problem('not_allowed', 403)
  })
  await expect(refused).rejects.toMatchObject({ code: 'not_allowed' })
})
