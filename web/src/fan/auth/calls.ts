import i18next from 'i18next'
import { api, ok } from '../../api/client'
import { COOKIES } from '../../api/me'
import { queryClient } from '../../api/query'
import { announceSession, signIn } from '../../api/session'
import type { User } from '../../api/types'
import { toast } from '../../ui/Toast'
import { awaitHolds } from '../holds'
import { keepFor } from '../tickets/kept'

type SignedIn = { user: User; guestHolds?: { left: readonly { id: string; code: string }[] } }

/** The answer to every way of signing in: cookies are set, and the person is known at once. */
export async function enter(call: () => Promise<unknown>): Promise<User> {
  const { user, guestHolds } = (await signIn(call)) as SignedIn
  const all = guestHolds?.left ?? []
  const coming = all.filter(({ code }) => code === 'unavailable')
  const left = all.filter(({ code }) => code !== 'unavailable')
  awaitHolds(coming.map(({ id }) => id))
  // Another's tickets are gone before anything of this person's is shown.
  await keepFor(user.id).catch(() => {})
  announceSession()
  queryClient.setQueryData(['me'], user)
  if (coming.length) toast(i18next.t('auth:holdsComing'))
  if (left.length) toast(i18next.t('auth:holdsLeft'), { tone: 'bad' })
  return user
}

type Assertion = {
  id: string
  response: {
    authenticatorData: string
    clientDataJSON: string
    signature: string
    userHandle?: string | null
  }
}

export const logIn = (email: string, password: string, proof: { otp?: string; passkey?: Assertion } = {}) =>
  enter(() => ok(api.POST('/api/v1/auth/login', { headers: COOKIES, body: { email, password, ...proof } })))

export const register = (name: string, email: string, password: string, locale: 'en' | 'de') =>
  enter(() =>
    ok(api.POST('/api/v1/auth/register', { headers: COOKIES, body: { name, email, password, locale } })),
  )

export async function signInWithPasskey(): Promise<User> {
  const { publicKey } = await ok(api.POST('/api/v1/auth/passkeys/challenge'))
  const credential = await assertion(publicKey)
  return enter(() => ok(api.POST('/api/v1/auth/passkeys', { headers: COOKIES, body: { credential } })))
}

/** Asks the device to sign. Throws a `DOMException` when the person turns away. */
export async function assertion(publicKey: unknown): Promise<Assertion> {
  const options = PublicKeyCredential.parseRequestOptionsFromJSON(
    publicKey as PublicKeyCredentialRequestOptionsJSON,
  )
  const made = (await navigator.credentials.get({ publicKey: options })) as PublicKeyCredential
  const { id, response } = made.toJSON() as unknown as Assertion
  const { authenticatorData, clientDataJSON, signature, userHandle } = response
  return { id, response: { authenticatorData, clientDataJSON, signature, userHandle } }
}

export const passkeysWork = (): boolean =>
  'PublicKeyCredential' in window && 'parseRequestOptionsFromJSON' in PublicKeyCredential

export const forgotPassword = (email: string) =>
  ok(api.POST('/api/v1/auth/password/forgot', { body: { email } }))

export const resetPassword = (token: string, password: string, otp?: string) =>
  ok(api.POST('/api/v1/auth/password/reset', { body: { token, password, ...(otp ? { otp } : {}) } }))
