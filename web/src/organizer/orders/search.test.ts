import { expect, test } from 'vitest'
import { orderSearch } from './search'

test('an address is read as far as it makes sense', () => {
  const search = {
    event: 'evt_1',
    status: 'refunded',
    from: '2026-11-22T10:00:00+01:00',
    to: 'soon',
    email: 'a@b.c',
  }
  expect(orderSearch(search)).toEqual({
    event: 'evt_1',
    status: 'refunded',
    from: '2026-11-22T09:00:00.000Z',
    to: undefined,
  })
  expect(orderSearch({ event: 7, status: 'lost' })).toEqual({})
})
