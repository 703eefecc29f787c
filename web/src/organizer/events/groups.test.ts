import { expect, test } from 'vitest'
import { GROUPS, isIn } from './groups'

const NOW = Date.parse('2026-11-22T10:00:00Z')
const groupsOf = (state: string, status: string, startsAt: string, endsAt?: string) =>
  GROUPS.filter((group) => isIn({ state, status, startsAt, endsAt }, group, NOW))

test.each([
  ['published', 'on_sale', '2026-12-01T20:00:00Z', undefined, ['coming', 'selling']],
  ['published', 'scheduled', '2026-12-01T20:00:00Z', undefined, ['coming']],
  ['draft', 'scheduled', '2026-12-01T20:00:00Z', undefined, ['coming', 'drafts']],
  ['published', 'off_sale', '2026-11-22T08:00:00Z', undefined, ['coming']],
  ['published', 'off_sale', '2026-11-22T08:00:00Z', '2026-11-22T09:30:00Z', ['past']],
  ['published', 'off_sale', '2026-11-20T20:00:00Z', undefined, ['past']],
  ['cancelled', 'cancelled', '2026-12-01T20:00:00Z', undefined, ['cancelled']],
])('%s, %s, at %s until %s', (state, status, startsAt, endsAt, groups) => {
  expect(groupsOf(state, status, startsAt, endsAt)).toEqual(groups)
})
