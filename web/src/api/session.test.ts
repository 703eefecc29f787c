import { afterEach, expect, test, vi } from 'vitest'
import { fetchWithSession } from './session'

afterEach(() => {
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})

test('a renewal that gets no answer is given up, and its lock with it', async () => {
  const patience = new AbortController()
  vi.spyOn(AbortSignal, 'timeout').mockReturnValue(patience.signal)
  vi.spyOn(document, 'cookie', 'get').mockReturnValue('__Host-csrf=token')
  let locked = false
  const request = async (_: string, options: { signal?: AbortSignal }, work: () => Promise<boolean>) => {
    expect(options.signal).toBe(patience.signal)
    locked = true
    return work().finally(() => {
      locked = false
    })
  }
  vi.stubGlobal('navigator', { ...navigator, locks: { request } })
  vi.stubGlobal('fetch', (asked: Request | string, init?: RequestInit) => {
    if (asked instanceof Request)
      return Promise.resolve(Response.json({ error: { code: 'invalid_token' } }, { status: 401 }))
    return new Promise((_, reject) => {
      init?.signal?.addEventListener('abort', () => reject(new DOMException('too late', 'TimeoutError')))
    })
  })
  const call = fetchWithSession(new Request('http://localhost/api/v1/me'))
  await vi.waitFor(() => expect(locked).toBe(true))
  patience.abort()
  await expect(call).rejects.toThrow('too late')
  expect(locked).toBe(false)
})

test('calls that were refused together are renewed once', async () => {
  vi.spyOn(document, 'cookie', 'get').mockReturnValue('__Host-csrf=token')
  let line: Promise<unknown> = Promise.resolve()
  const request = (_: string, __: unknown, work: () => Promise<boolean>) => {
    const turn = line.then(work)
    line = turn
    return turn
  }
  vi.stubGlobal('navigator', { ...navigator, locks: { request } })
  let renewals = 0
  vi.stubGlobal('fetch', async (asked: Request | string) => {
    if (!(asked instanceof Request)) {
      renewals += 1
      await new Promise((done) => setTimeout(done, 5))
      return new Response()
    }
    if (renewals === 0) return Response.json({ error: { code: 'invalid_token' } }, { status: 401 })
    return Response.json({})
  })
  const calls = ['me', 'orders', 'tickets'].map((what) =>
    fetchWithSession(new Request(`http://localhost/api/v1/${what}`)),
  )
  expect((await Promise.all(calls)).map(({ status }) => status)).toEqual([200, 200, 200])
  expect(renewals).toBe(1)
})
