import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Problem } from '../../api/problem'
import { hasSession, isGuest } from '../../api/session'
import { holdNow } from './guest'

/** What the browser has of the session; and what the server is asked. */
let csrf: string | undefined
let asked: string[]
let answer: () => Response

beforeEach(() => {
  csrf = undefined
  asked = []
  answer = () => {
    csrf = 'guest.token'
    return Response.json({ guest: 'usr_1', expiresIn: 3600 }, { status: 201 })
  }
  vi.spyOn(document, 'cookie', 'get').mockImplementation(() => (csrf ? `__Host-csrf=${csrf}` : ''))
  let line: Promise<unknown> = Promise.resolve()
  const request = (_: string, work: () => Promise<unknown>) => {
    const turn = line.then(work)
    line = turn.catch(() => {})
    return turn
  }
  vi.stubGlobal('navigator', { ...navigator, locks: { request } })
  vi.stubGlobal('fetch', async (call: Request) => {
    asked.push(new URL(call.url).pathname)
    return answer()
  })
})
afterEach(() => {
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})

const refused = (code: 'invalid_token' | 'seat_unavailable', status: number) => new Problem(code, status)

test('a guest is told from somebody with an account', () => {
  expect([hasSession(), isGuest()]).toEqual([false, false])
  csrf = 'guest.token'
  expect([hasSession(), isGuest()]).toEqual([false, true])
  csrf = 'token'
  expect([hasSession(), isGuest()]).toEqual([true, false])
})

test('who has no session becomes a guest first, once for all that hold at the same time', async () => {
  const hold = vi.fn(async () => 'held')
  expect(await Promise.all([holdNow(hold), holdNow(hold)])).toEqual(['held', 'held'])
  expect(asked).toEqual(['/api/v1/auth/guest'])
  expect(await holdNow(hold)).toBe('held')
  expect(asked).toHaveLength(1)
})

test('who is signed in holds as themselves', async () => {
  csrf = 'token'
  await holdNow(async () => 'held')
  await expect(holdNow(() => Promise.reject(refused('seat_unavailable', 409)))).rejects.toThrow()
  expect(asked).toEqual([])
})

test('a session that had ended costs nobody the places', async () => {
  csrf = 'token'
  const hold = vi.fn(async () => {
    if (hold.mock.calls.length > 1) return 'held'
    csrf = undefined
    throw refused('invalid_token', 401)
  })
  expect(await holdNow(hold)).toBe('held')
  expect(asked).toEqual(['/api/v1/auth/guest'])
})

test('where no more guests are let in, a sign-in is asked for', async () => {
  answer = () => Response.json({ error: { code: 'rate_limited' } }, { status: 429 })
  const hold = vi.fn(async () => 'held')
  await expect(holdNow(hold)).rejects.toMatchObject({ code: 'not_signed_in', status: 401 })
  expect(hold).not.toHaveBeenCalled()
})
