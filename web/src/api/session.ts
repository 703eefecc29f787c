import { hear } from '../lib/clock'
import { isProblem } from './problem'
import { onTold, tell } from './tabs'

/**
 * Signed in by cookies. The tokens are out of reach of scripts; what can be read is `__Host-csrf`,
 * whose value goes with every call that changes something and which tells that there is a session.
 */
const CSRF = '__Host-csrf'
/** What it begins with when it is a guest's, who holds places and has no account. */
const GUEST = 'guest.'
const REFRESH = '/api/v1/auth/refresh'
/** The lock of whoever renews the session. */
const RENEWAL = 'session-refresh'
/** The lock of whoever becomes a guest: two in one browser would take each other's cookies. */
export const BECOMING_GUEST = 'guest'
/** When a tab last renewed the session, in ms since 1970. */
const RENEWED = 'session-renewed'
/** Past this a renewal is given up, and the wait for another tab's: one that hangs holds nobody up. */
const RENEW_MS = 10_000
const listeners = new Set<() => void>()

export function csrfToken(): string | undefined {
  const found = document.cookie.split('; ').find((pair) => pair.startsWith(`${CSRF}=`))
  return found ? decodeURIComponent(found.slice(CSRF.length + 1)) : undefined
}

/** Whether somebody with an account is signed in. */
export const hasSession = (): boolean => csrfToken()?.startsWith(GUEST) === false

export const isGuest = (): boolean => csrfToken()?.startsWith(GUEST) === true

/** Whether there is somebody to hold places for: an account, or a guest. */
export const canHold = (): boolean => csrfToken() !== undefined

/** Says to this tab and the others that somebody signed in or out. */
export function announceSession(): void {
  for (const listener of listeners) listener()
  tell('session')
}

export function onSessionChange(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

onTold('session', () => {
  for (const listener of listeners) listener()
})

/** Every answer tells what time it is at the server. */
async function send(request: Request): Promise<Response> {
  const sent = Date.now()
  const response = await fetch(request)
  hear(response, sent)
  return response
}

const isSafe = (method: string) => method === 'GET' || method === 'HEAD'

/**
 * A call by cookie: with the token of the form, and once more after the access token was renewed. What signs
 * somebody in goes by `signIn`.
 */
export async function fetchWithSession(request: Request): Promise<Response> {
  const again = request.clone()
  const before = csrfToken()
  const sent = Date.now()
  const response = await send(withToken(request, before))
  if (response.status !== 401 || !before || new URL(request.url).pathname.startsWith('/api/v1/auth/'))
    return response
  const code = await response
    .clone()
    .json()
    .then((body) => body?.error?.code)
    .catch(() => undefined)
  // Wrong codes and passwords are 401 too, and a new access token does not mend them.
  if (code !== 'not_signed_in' && code !== 'invalid_token') return response
  if (!(await renew(before, sent))) return response
  return send(withToken(again, csrfToken()))
}

function withToken(request: Request, token: string | undefined): Request {
  if (token && !isSafe(request.method)) request.headers.set('X-CSRF-Token', token)
  return request
}

function sayRenewed(): void {
  try {
    localStorage.setItem(RENEWED, String(Date.now()))
  } catch {
    // A full storage: the next call renews once more, which does no harm.
  }
}

/**
 * One call of one tab renews for all that were `sent` before: a refresh token is good once, and its second use
 * ends the session.
 */
async function renew(stale: string, sent: number): Promise<boolean> {
  const patience = { signal: AbortSignal.timeout(RENEW_MS) }
  return navigator.locks.request(RENEWAL, patience, async () => {
    const token = csrfToken()
    if (!token) return false
    if (token !== stale || Number(localStorage.getItem(RENEWED)) > sent) return true
    const response = await fetch(REFRESH, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'X-Session': 'cookie', 'X-CSRF-Token': token },
      body: '{}',
      signal: AbortSignal.timeout(RENEW_MS),
    })
    // Who ends the session takes its cookies back. A proxy that refuses has ended nothing.
    if (response.status === 401 && !canHold()) announceSession()
    if (response.ok) sayRenewed()
    return response.ok
  })
}

/**
 * A call that signs somebody in. It has the browser to itself: an answer to the guest before would come after, and
 * take the account's cookies. Where the guest's access token is over it is renewed first, so that what is held
 * comes along.
 */
export async function signIn<T>(call: () => Promise<T>): Promise<T> {
  let before: string | undefined
  let sent = 0
  const alone = () =>
    navigator.locks.request(BECOMING_GUEST, () =>
      navigator.locks.request(RENEWAL, () => {
        before = csrfToken()
        sent = Date.now()
        return call()
      }),
    )
  try {
    return await alone()
  } catch (error) {
    if (!isProblem(error, 'invalid_token') || !before?.startsWith(GUEST)) throw error
    // A guest who is gone has left no cookies, and whoever signs in does so as nobody.
    if (!(await renew(before, sent)) && canHold()) throw error
    return alone()
  }
}
