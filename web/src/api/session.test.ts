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
