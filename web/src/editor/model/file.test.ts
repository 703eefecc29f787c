import { expect, test } from 'vitest'
import { readFile } from './file'
import { emptyDoc } from './types'
import { writeMap } from './wire'

test('our own export is read back', () => {
  const map = writeMap(emptyDoc('Standard'))
  expect(readFile(JSON.stringify(map))).toEqual({ kind: 'map', map })
})

test('a seating plan is left to the server', () => {
  const plan = { name: 'Hall', categories: [], zones: [{}, {}] }
  expect(readFile(JSON.stringify(plan))).toEqual({ kind: 'plan', plan, zones: 2 })
})

test.each([
  ['no JSON', '{'],
  ['a list', '[]'],
  ['something else', '{"hello": 1}'],
  ['a map without levels', '{"width": 1, "height": 1, "levels": []}'],
  [
    'a seat without a place',
    JSON.stringify({
      width: 1,
      height: 1,
      levels: [{ key: 'a', name: 'A' }],
      sections: [{ id: '1', name: '1', rows: [{ label: 'A', seats: [{ label: '1', level: 'a' }] }] }],
    }),
  ],
  [
    'a shape of no kind',
    JSON.stringify({
      width: 1,
      height: 1,
      levels: [{ key: 'a', name: 'A' }],
      decorations: [{ shape: { type: 'star' } }],
    }),
  ],
])('%s is not opened', (_, text) => expect(readFile(text)).toBeUndefined())
