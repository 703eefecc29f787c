import { queryOptions } from '@tanstack/react-query'
import { api, ok } from '../../api/client'

const LONGEST = 100

export const tenantsQuery = queryOptions({
  queryKey: ['me', 'platform', 'tenants'],
  queryFn: async ({ signal }) =>
    (await ok(api.GET('/api/v1/platform/organizers', { params: { query: { limit: LONGEST } }, signal })))
      .items,
})

export const clientsQuery = queryOptions({
  queryKey: ['me', 'platform', 'clients'],
  queryFn: async ({ signal }) =>
    (await ok(api.GET('/api/v1/platform/clients', { params: { query: { limit: LONGEST } }, signal }))).items,
})

export const checksQuery = queryOptions({
  queryKey: ['me', 'platform', 'kyc'],
  queryFn: async ({ signal }) => {
    const query = { status: 'pending', limit: LONGEST } as const
    return (await ok(api.GET('/api/v1/platform/kyc', { params: { query }, signal }))).items
  },
})
