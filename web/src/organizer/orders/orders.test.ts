import { expect, test } from 'vitest'
import { canRefund } from './refundable'

test.each([
  ['completed', ['issued'], true],
  ['partially_refunded', ['refunded', 'used'], true],
  ['completed', ['refunded'], false],
  ['refunded', ['refunded'], false],
  ['pending', [], false],
])('an order that is %s with tickets %j can be refunded: %s', (status, statuses, can) => {
  const tickets = statuses.map((one, index) => ({
    id: `${index}`,
    eventId: 'evt',
    seat: 'A',
    section: 'Stalls',
    status: one,
  }))
  expect(canRefund({ status, tickets })).toBe(can)
})
