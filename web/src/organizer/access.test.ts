import { expect, test } from 'vitest'
import csv from '../../../docs/authorization.csv?raw'
import { may, RULES } from './access'

const rows = new Map(
  csv
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => {
      const [operation, , roles, limited, , platform] = line.split(',')
      return [operation, { roles: (roles ?? '').split(' '), limited, platform }]
    }),
)

test.each(Object.entries(RULES))('%s is shown to those whom the server lets do it', (_, rule) => {
  const row = rows.get(rule.operation)
  expect(row, rule.operation).toBeDefined()
  expect(row?.roles).toEqual([...rule.roles])
  expect(row?.limited).toBe(rule.limited)
  expect(row?.platform === 'look').toBe('look' in rule)
})

test('a member with some events sees those alone', () => {
  const door = { role: 'manager', events: ['evt_1'] } as const
  const standing = { ...door, events: [...door.events] }
  expect(may(standing, 'seeEvents')).toBe(true)
  expect(may(standing, 'runEvent', 'evt_1')).toBe(true)
  expect(may(standing, 'runEvent', 'evt_2')).toBe(false)
  expect(may(standing, 'runEvent')).toBe(false)
  expect(may(standing, 'seeOrders')).toBe(true)
  expect(may(standing, 'refund')).toBe(false)
})

test('the platform looks and changes nothing', () => {
  expect(may({ role: 'platform' }, 'seeAudit')).toBe(true)
  expect(may({ role: 'platform' }, 'refund')).toBe(false)
})
