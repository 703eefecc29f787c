import { describe, expect, test } from 'vitest'
import { type CheckName, checkMap, checkSlowly, type Finding } from './checks'
import { compare, fateOf, isKept, isSame } from './compare'
import { addArea, addRow, addSection, ROW_NUMBERS, SEAT_NUMBERS } from './draw'
import { mapSeats, moveThings, patchSection, removeThings, setFlag, setLevel } from './edit'
import { toggleAisle } from './form'
import { type Doc, emptyDoc } from './types'
import { readMap, writeMap } from './wire'

function house(): Doc {
  return addSection(emptyDoc('Standard'), {
    name: 'Stalls',
    at: { x: 1000, y: 500 },
    rows: 3,
    seats: 5,
    spacing: 50,
    rowSpacing: 80,
    radius: 0,
    staggered: false,
    fanned: false,
    aisles: [],
    level: 'standard',
    rowNumbers: ROW_NUMBERS,
    seatNumbers: SEAT_NUMBERS,
  }).doc
}

const stalls = (doc: Doc) => doc.sections[0]!
const seat = (doc: Doc, r = 0, n = 0) => stalls(doc).rows[r]!.seats[n]!
const rename = (doc: Doc, r: number, label: string) =>
  patchSection(doc, stalls(doc).uid, (one) => ({
    ...one,
    rows: one.rows.map((row, at) => (at === r ? { ...row, label } : row)),
  }))

const faults: [CheckName, Finding['severity'], (doc: Doc) => Doc, boolean][] = [
  ['empty', 'error', () => emptyDoc('a'), false],
  ['ids', 'error', (doc) => patchSection(doc, stalls(doc).uid, (one) => ({ ...one, id: 'a-b' })), true],
  ['ids', 'error', (doc) => patchSection(doc, stalls(doc).uid, (one) => ({ ...one, name: ' ' })), true],
  ['rowLabels', 'error', (doc) => rename(doc, 1, 'A'), true],
  [
    'seatLabels',
    'error',
    (doc) => mapSeats(doc, new Set([seat(doc, 0, 2).uid]), (one) => ({ ...one, label: '1' })),
    true,
  ],
  ['level', 'error', (doc) => setLevel(doc, new Set([seat(doc).uid]), ''), true],
  [
    'capacity',
    'error',
    (doc) =>
      addArea(doc, { name: 'F', capacity: 0, level: 'standard', shape: { type: 'label', x: 9, y: 9 } }).doc,
    false,
  ],
  [
    'overlap',
    'warning',
    (doc) => mapSeats(doc, new Set([seat(doc, 1, 1).uid]), (one) => ({ ...one, x: one.x - 45 })),
    true,
  ],
  [
    'emptyRow',
    'warning',
    (doc) => removeThings(doc, new Set(stalls(doc).rows[1]!.seats.map(({ uid }) => uid))),
    true,
  ],
  [
    'emptySection',
    'warning',
    (doc) =>
      patchSection(addSection(doc, { ...plan0, name: 'E' }).doc, doc.next, (one) => ({ ...one, rows: [] })),
    true,
  ],
  ['companion', 'warning', (doc) => setFlag(doc, new Set([seat(doc).uid]), 'accessible', true), true],
  [
    'isolated',
    'warning',
    (doc) =>
      patchSection(doc, stalls(doc).uid, (one) => ({
        ...one,
        rows: one.rows.map((row) => toggleAisle(row, 0)),
      })),
    false,
  ],
  ['outside', 'warning', (doc) => moveThings(doc, new Set([stalls(doc).uid]), { dx: -2000 }), true],
]
const plan0 = {
  at: { x: 2000, y: 2000 },
  rows: 1,
  seats: 2,
  spacing: 50,
  rowSpacing: 80,
  radius: 0,
  staggered: false,
  fanned: false,
  aisles: [],
  level: 'standard',
  rowNumbers: ROW_NUMBERS,
  seatNumbers: SEAT_NUMBERS,
}

test('a sound map has no findings', () => expect(checkMap(house())).toEqual([]))

test('looking in pieces finds the same', async () => {
  const doc = rename(house(), 1, 'A')
  const names = (findings: readonly Finding[] | undefined) =>
    findings?.map(({ name, where }) => [name, where])
  expect(names(await checkSlowly(doc, () => false))).toEqual(names(checkMap(doc)))
})

describe('a fault is found, named, and mended where that is plain', () => {
  test.each(faults)('%s (%s)', (name, severity, spoil, isMendable) => {
    const doc = spoil(house())
    const findings = checkMap(doc)
    expect(findings.map((finding) => finding.name)).toEqual([name])
    const [finding] = findings
    expect(finding!.severity).toBe(severity)
    expect(finding!.fix !== undefined).toBe(isMendable)
    if (finding!.fix) expect(checkMap(finding!.fix(doc))).toEqual([])
  })
})

describe('versions', () => {
  const before = writeMap(house())
  const opened = readMap(before, true)

  test('the same map has no difference', () => expect(isSame(compare(before, writeMap(opened)))).toBe(true))

  test('what was added, removed, renamed, moved and painted is told apart', () => {
    let doc = addRow(opened, stalls(opened), 80, 'standard').doc
    doc = removeThings(doc, new Set([seat(doc, 2, 4).uid]))
    doc = rename(doc, 1, 'BB')
    doc = moveThings(doc, new Set([seat(doc, 0, 0).uid]), { dx: -10 })
    doc = setLevel(doc, new Set([seat(doc, 0, 1).uid]), 'vip')
    const difference = compare(before, writeMap(doc))
    expect(difference.added).toEqual(['101-D-1', '101-D-2', '101-D-3', '101-D-4', '101-D-5'])
    expect(difference.removed).toEqual(['101-C-5'])
    expect(difference.renamed).toEqual(['101-B-1', '101-B-2', '101-B-3', '101-B-4', '101-B-5'])
    expect(difference.moved).toEqual(['101-A-1'])
    expect(difference.relevelled).toEqual(['101-A-2'])
  })

  // Seats 1 and 2 sold, 3 held, 6 blocked: two bits each, the first lowest.
  const taken = {
    version: 1,
    map: 1,
    sections: [],
    seats: btoa(String.fromCharCode(0b00011010, 0b00001100, 0, 0)),
    areas: [],
  }

  test('sold seats survive what keeps their ids and levels', () => {
    let doc = moveThings(opened, new Set([stalls(opened).uid]), { dx: 500, angle: 40 })
    doc = rename(addRow(doc, stalls(doc), 80, 'standard').doc, 0, 'Front')
    const fate = fateOf(before, taken, writeMap(doc))
    expect(fate).toMatchObject({ sold: 2, held: 1, blocked: 1, lost: [], relevelled: [] })
    expect(isKept(fate)).toBe(true)
  })

  test('sold seats that would go or change their price are named, free ones may go', () => {
    const gone = removeThings(opened, new Set([seat(opened, 0, 0).uid, seat(opened, 2, 0).uid]))
    expect(fateOf(before, taken, writeMap(gone)).lost).toEqual(['101-A-1'])
    const painted = setLevel(opened, new Set([seat(opened, 0, 1).uid, seat(opened, 1, 0).uid]), 'vip')
    const fate = fateOf(before, taken, writeMap(painted))
    expect(fate.relevelled).toEqual(['101-A-2'])
    expect(isKept(fate)).toBe(false)
  })

  test('other levels keep an event on sale where it is', () => {
    const doc = { ...opened, levels: [...opened.levels, { key: 'vip', name: 'VIP' }] }
    expect(fateOf(before, taken, writeMap(doc)).levels).toBe(true)
  })
})
