import { queryOptions } from '@tanstack/react-query'
import { api, ok } from '../../api/client'

export const sessionsQuery = queryOptions({
  queryKey: ['me', 'sessions'],
  queryFn: ({ signal }) => ok(api.GET('/api/v1/me/sessions', { signal })),
})

export const passkeysQuery = queryOptions({
  queryKey: ['me', 'passkeys'],
  queryFn: ({ signal }) => ok(api.GET('/api/v1/me/passkeys', { signal })),
})

export const programsQuery = queryOptions({
  queryKey: ['me', 'programs'],
  queryFn: ({ signal }) => ok(api.GET('/api/v1/me/programs', { signal })),
})

export const linksQuery = queryOptions({
  queryKey: ['me', 'provider-links'],
  queryFn: ({ signal }) => ok(api.GET('/api/v1/me/provider-links', { signal })),
})

export const invitationsQuery = queryOptions({
  queryKey: ['me', 'invitations'],
  queryFn: ({ signal }) => ok(api.GET('/api/v1/me/invitations', { signal })),
})

export const checksQuery = queryOptions({
  queryKey: ['me', 'kyc'],
  queryFn: ({ signal }) => ok(api.GET('/api/v1/me/kyc', { signal })),
})

export const mfaQuery = queryOptions({
  queryKey: ['me', 'mfa'],
  queryFn: ({ signal }) => ok(api.GET('/api/v1/me/mfa', { signal })),
})
