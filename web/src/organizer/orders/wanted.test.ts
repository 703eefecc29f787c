import { expect, test } from 'vitest'
import { wantedOf } from './wanted'

test('what is typed is an address, an order, a ticket, or nothing to look for', () => {
  const id = '01h455vb4pex5vsknk084sn02q'
  expect(wantedOf(' Ann@example.org ')).toEqual({ email: 'Ann@example.org' })
  expect(wantedOf(`ord_${id}`)).toEqual({ order: `ord_${id}` })
  expect(wantedOf(`tkt_${id}`)).toEqual({ ticket: `tkt_${id}` })
  expect(wantedOf('  ')).toEqual({})
  expect(wantedOf('Ann')).toBeUndefined()
  expect(wantedOf(`evt_${id}`)).toBeUndefined()
})
