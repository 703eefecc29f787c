import { afterEach, expect, test, vi } from 'vitest'
import { Problem } from './problem'
import { fetchWithSession, signIn } from './session'

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

/** A browser with these cookies; what the server says to a renewal; and the locks taken, one after the other. */
function browser(csrf: string | undefined, renewed: () => Response) {
  const state = { csrf, taken: [] as string[], renewals: 0 }
  vi.spyOn(document, 'cookie', 'get').mockImplementation(() =>
    state.csrf ? `__Host-csrf=${state.csrf}` : '',
  )
  const held = new Set<string>()
  const request = async (name: string, ...rest: unknown[]) => {
    if (held.has(name)) throw new Error(`${name} is waited for by who has it`)
    held.add(name)
    state.taken.push(name)
    return (rest.at(-1) as () => Promise<unknown>)().finally(() => held.delete(name))
  }
  vi.stubGlobal('navigator', { ...navigator, locks: { request } })
  vi.stubGlobal('fetch', async () => {
    state.renewals += 1
    return renewed()
  })
  return state
}

const over = () => new Problem('invalid_token', 401)

test('who signs in has the browser to itself: no answer to a guest comes after', async () => {
  const state = browser('guest.token', () => new Response())
  const call = vi.fn(async () => [...state.taken])
  expect(await signIn(call)).toEqual(['guest', 'session-refresh'])
  expect(state.renewals).toBe(0)
})

test('a guest whose access token is over renews it and signs in with what is held', async () => {
  const state = browser('guest.token', () => new Response())
  const call = vi.fn(async () => {
    if (state.renewals === 0) throw over()
    return 'in'
  })
  expect(await signIn(call)).toBe('in')
  expect([state.renewals, call.mock.calls.length]).toEqual([1, 2])
})

test('a guest who is gone signs in as nobody', async () => {
  const state = browser('guest.token', () => {
    state.csrf = undefined
    return Response.json({}, { status: 401 })
  })
  const call = vi.fn(async () => {
    if (state.csrf) throw over()
    return 'in'
  })
  expect(await signIn(call)).toBe('in')
})

test('a guest who cannot be renewed just now keeps what is held, and a wrong password is no reason to', async () => {
  const state = browser('guest.token', () => Response.json({}, { status: 503 }))
  const call = vi.fn(() => Promise.reject(over()))
  await expect(signIn(call)).rejects.toMatchObject({ code: 'invalid_token' })
  expect(call).toHaveBeenCalledTimes(1)
  const wrong = () => Promise.reject(new Problem('invalid_credentials', 401))
  await expect(signIn(wrong)).rejects.toMatchObject({ code: 'invalid_credentials' })
  expect(state.renewals).toBe(1)
})
