import { queryOptions } from '@tanstack/react-query'
import { api, ok } from '../../api/client'
import { COOKIES } from '../../api/me'
import type { User } from '../../api/types'
import { enter } from './calls'

/** The outside providers that sign people in; most installations have none or two. */
export const providersQuery = queryOptions({
  queryKey: ['providers'],
  queryFn: async ({ signal }) => (await ok(api.GET('/api/v1/auth/providers', { signal }))).items,
  staleTime: Number.POSITIVE_INFINITY,
})

/** What this tab keeps while its person is at a provider. */
type Visit = { provider: string; secret: string; for: 'signIn' | 'link'; next?: string | undefined }
type Answer = { code?: string; state: string; iss?: string; otp?: string }

const KEPT = 'provider-visit'

function leave(visit: Visit, url: string): void {
  sessionStorage.setItem(KEPT, JSON.stringify(visit))
  location.assign(url)
}

export async function goToSignIn(provider: string, next?: string): Promise<void> {
  const { url, secret } = await ok(api.POST('/api/v1/auth/providers/start', { body: { provider } }))
  leave({ provider, secret, for: 'signIn', next }, url)
}

export async function goToLink(provider: string, proof: { password: string; otp?: string }): Promise<void> {
  const { url, secret } = await ok(
    api.POST('/api/v1/me/provider-links/start', { body: { provider, ...proof } }),
  )
  leave({ provider, secret, for: 'link' }, url)
}

/** The visit that this tab's person comes back from; nothing when it was begun elsewhere. */
export function visitTo(provider: string): Visit | undefined {
  const kept: Visit | null = JSON.parse(sessionStorage.getItem(KEPT) ?? 'null')
  return kept?.provider === provider ? kept : undefined
}

export const endVisit = (): void => sessionStorage.removeItem(KEPT)

export const finishSignIn = (
  { provider, secret }: Visit,
  answer: Answer,
  locale: 'en' | 'de',
): Promise<User> =>
  enter(() =>
    ok(
      api.POST('/api/v1/auth/providers', {
        headers: COOKIES,
        body: { provider, secret, locale, ...answer },
      }),
    ),
  )

export const finishLink = ({ provider, secret }: Visit, { code = '', state, iss }: Answer) =>
  ok(
    api.POST('/api/v1/me/provider-links', {
      body: { provider, secret, code, state, ...(iss ? { iss } : {}) },
    }),
  )
