import { QueryClient } from '@tanstack/react-query'
import { expect, test, vi } from 'vitest'
import { availabilityQuery, eventQuery, eventsQuery } from '../fan/queries'
import { askEarly, forgetEarly, takeEarly } from './early'

const asked = vi.fn(async (_: unknown) => Response.json({ items: [] }))
vi.stubGlobal('fetch', asked)
const client = new QueryClient({ defaultOptions: { queries: { retry: false } } })

/** As `early.ts` asks them; were a word of them another here, the answer would be fetched twice. */
test.each([
  ['/api/v1/events?sort=date&limit=60', () => client.fetchInfiniteQuery(eventsQuery({}))],
  ['/api/v1/events/evt_1', () => client.fetchQuery(eventQuery('evt_1'))],
  ['/api/v1/events/evt_1/availability', () => client.fetchQuery(availabilityQuery('evt_1'))],
] as const)('%s is asked once', async (path, page) => {
  asked.mockClear()
  askEarly(path)
  await page()
  expect(asked).toHaveBeenCalledTimes(1)
})

test('an answer is good once, and only when it is one', async () => {
  const request = new Request(`${location.origin}/api/v1/events/evt_2`)
  askEarly('/api/v1/events/evt_2')
  expect(await takeEarly(request)).toBeInstanceOf(Response)
  expect(await takeEarly(request)).toBeUndefined()
  asked.mockResolvedValueOnce(new Response('', { status: 401 }))
  askEarly('/api/v1/events/evt_2')
  expect(await takeEarly(request)).toBeUndefined()
  asked.mockRejectedValueOnce(new TypeError('no network'))
  askEarly('/api/v1/events/evt_2')
  expect(await takeEarly(request)).toBeUndefined()
})

test('what nobody has taken in time is forgotten', async () => {
  askEarly('/api/v1/events/evt_3')
  forgetEarly()
  expect(await takeEarly(new Request(`${location.origin}/api/v1/events/evt_3`))).toBeUndefined()
})

test('who stops asking waits no longer for an answer that does not come', async () => {
  asked.mockReturnValueOnce(new Promise(() => {}))
  askEarly('/api/v1/events/evt_4')
  const stop = new AbortController()
  const taken = takeEarly(new Request(`${location.origin}/api/v1/events/evt_4`, { signal: stop.signal }))
  stop.abort()
  await expect(taken).rejects.toHaveProperty('name', 'AbortError')
})
