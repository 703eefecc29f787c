import { afterEach, expect, test, vi } from 'vitest'
import { changePerson, queryClient } from './query'

afterEach(() => {
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
  queryClient.clear()
})

const orders = ['me', 'orders']

/** Somebody looks at their orders, and then the session is `id`'s. */
async function becomes(id: string | undefined) {
  queryClient.setQueryData(['me'], { id: 'usr_1' })
  queryClient.setQueryData(orders, ['an order'])
  vi.spyOn(document, 'cookie', 'get').mockReturnValue(id ? '__Host-csrf=token' : '')
  vi.stubGlobal('fetch', async () => Response.json({ id }))
  await changePerson()
  return queryClient.getQueryData(orders)
}

test('the same person once more goes on with what they had', async () => {
  expect(await becomes('usr_1')).toEqual(['an order'])
})

test('another person, or nobody, finds nothing of the one before', async () => {
  expect(await becomes('usr_2')).toBeUndefined()
  expect(await becomes(undefined)).toBeUndefined()
})
