import { expect, test } from 'vitest'
import { readMapFile } from './mapFile'

const rows = [{ label: '1', seats: [{ label: '1' }, { label: '2' }] }]

test('a seat map of ours is known by its levels and sections', () => {
  const map = { name: 'Hall', levels: [], sections: [{ id: 'A', rows }], areas: [{ id: 'F' }] }
  expect(readMapFile(JSON.stringify(map))).toMatchObject({
    kind: 'ours',
    name: 'Hall',
    seats: 2,
    sections: 1,
    areas: 1,
  })
})

test('an open seating plan is known by its zones', () => {
  const plan = { name: 'Plan', categories: [], zones: [{ rows, areas: [] }, { rows }] }
  expect(readMapFile(JSON.stringify(plan))).toMatchObject({ kind: 'plan', seats: 4, sections: 2, areas: 0 })
})

test.each([
  ['{', 'notJson'],
  ['null', 'unknown'],
  ['[]', 'unknown'],
  ['{"sections": []}', 'unknown'],
])('%s is none', (text, fault) => expect(readMapFile(text)).toEqual({ fault }))
