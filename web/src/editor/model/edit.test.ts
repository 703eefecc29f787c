import { describe, expect, test } from 'vitest'
import {
  addArea,
  addDecoration,
  addRow,
  addSection,
  addTable,
  ROW_NUMBERS,
  SEAT_NUMBERS,
  type SectionPlan,
} from './draw'
import {
  align,
  distribute,
  duplicate,
  moveThings,
  patchSection,
  removeLevel,
  removeThings,
  setFlag,
  setLevel,
} from './edit'
import { pitchOf, seatsOf, tableTop } from './find'
import { reform, resize, toggleAisle } from './form'
import { begin, commit, redo, undo } from './history'
import { numberRows, numberSeats } from './numbering'
import { type Doc, emptyDoc, type Selection } from './types'
import { readMap, writeMap } from './wire'

const plan: SectionPlan = {
  name: 'Stalls',
  at: { x: 1000, y: 500 },
  rows: 3,
  seats: 6,
  spacing: 50,
  rowSpacing: 80,
  radius: 0,
  staggered: false,
  fanned: false,
  aisles: [3],
  level: 'standard',
  rowNumbers: ROW_NUMBERS,
  seatNumbers: SEAT_NUMBERS,
}

function world(): Doc {
  let { doc } = addSection(emptyDoc('Standard'), plan)
  doc = addSection(doc, {
    ...plan,
    name: 'Circle',
    at: { x: 1000, y: 1200 },
    radius: 900,
    staggered: true,
  }).doc
  doc = addArea(doc, {
    name: 'Floor',
    capacity: 200,
    level: 'standard',
    shape: {
      type: 'polygon',
      points: [
        { x: 0, y: 0 },
        { x: 300, y: 0 },
        { x: 300, y: 200 },
      ],
    },
  }).doc
  doc = addTable(doc, {
    at: { x: 2500, y: 800 },
    form: 'round',
    chairs: 8,
    spacing: 50,
    level: 'standard',
    section: undefined,
    sectionName: 'Tables',
  }).doc
  return addDecoration(doc, {
    text: 'Stage',
    shape: { type: 'rectangle', x: 700, y: 50, width: 600, height: 200, rotation: 15 },
  }).doc
}

const all = (doc: Doc): Selection =>
  new Set([...doc.sections, ...doc.areas, ...doc.decorations].map(({ uid }) => uid))
const section = (doc: Doc, at = 0) => doc.sections[at]!
const row = (doc: Doc) => section(doc).rows[1]!

const commands: [string, (doc: Doc) => Doc][] = [
  ['draws a section', (doc) => addSection(doc, plan).doc],
  ['adds a row', (doc) => addRow(doc, section(doc), 80, 'standard').doc],
  [
    'adds an area',
    (doc) =>
      addArea(doc, { name: '', capacity: 1, level: 'standard', shape: { type: 'label', x: 1, y: 1 } }).doc,
  ],
  [
    'adds a table',
    (doc) =>
      addTable(doc, {
        at: { x: 9, y: 9 },
        form: 'long',
        chairs: 10,
        spacing: 50,
        level: '',
        section: section(doc, 2).uid,
        sectionName: '',
      }).doc,
  ],
  ['draws a stage', (doc) => addDecoration(doc, { text: 'Bar', shape: { type: 'label', x: 3, y: 4 } }).doc],
  ['moves', (doc) => moveThings(doc, all(doc), { dx: 12.3456, dy: -7 })],
  ['turns', (doc) => moveThings(doc, all(doc), { angle: 33 })],
  ['mirrors', (doc) => moveThings(doc, all(doc), { mirror: true })],
  ['duplicates', (doc) => duplicate(doc, all(doc), 50, 50).doc],
  ['deletes', (doc) => removeThings(doc, new Set([section(doc).uid, row(doc).uid, doc.areas[0]!.uid]))],
  ['aligns', (doc) => align(doc, all(doc), 'left')],
  ['distributes', (doc) => distribute(doc, all(doc), 'y')],
  ['paints a level', (doc) => setLevel(doc, all(doc), 'vip')],
  ['flags', (doc) => setFlag(doc, new Set([row(doc).uid]), 'accessible', true)],
  ['removes a level', (doc) => removeLevel(doc, 'standard', '')],
  ['bends', (doc) => patchSection(doc, section(doc).uid, (one) => reform(one, { radius: 700 }))],
  [
    'numbers rows',
    (doc) => patchSection(doc, section(doc).uid, (one) => numberRows(one, { ...ROW_NUMBERS, start: 'F' })),
  ],
  [
    'numbers seats',
    (doc) =>
      patchSection(doc, section(doc).uid, (one) => ({
        ...one,
        rows: one.rows.map((each) => numberSeats(each, { ...SEAT_NUMBERS, step: 2 })),
      })),
  ],
  ['resizes a row', (doc) => resize(doc, row(doc).uid, 9)],
  [
    'makes an aisle',
    (doc) =>
      patchSection(doc, section(doc).uid, (one) => ({
        ...one,
        rows: one.rows.map((each) => toggleAisle(each, 1)),
      })),
  ],
]

describe('every command', () => {
  test.each(commands)('%s, and undone gives the same document to the byte', (name, command) => {
    const doc = world()
    const before = JSON.stringify(doc)
    const done = commit(begin(doc), name, command(doc))
    const after = JSON.stringify(done.doc)
    expect(after).not.toBe(before)
    expect(JSON.stringify(doc)).toBe(before)
    const undone = undo(done)
    expect(JSON.stringify(undone.doc)).toBe(before)
    expect(JSON.stringify(redo(undone).doc)).toBe(after)
  })

  test.each(commands)('%s and keeps every uid different', (_, command) => {
    const doc = command(world())
    const uids = [
      ...doc.sections.flatMap((one) => [
        one.uid,
        ...one.rows.flatMap((each) => [each.uid, ...each.seats.map(({ uid }) => uid)]),
      ]),
      ...doc.areas.map(({ uid }) => uid),
      ...doc.decorations.map(({ uid }) => uid),
    ]
    expect(new Set(uids).size).toBe(uids.length)
    expect(Math.max(...uids)).toBeLessThan(doc.next)
  })
})

test('a change leaves what it does not touch the same object', () => {
  const doc = world()
  const moved = moveThings(doc, new Set([section(doc).uid]), { dx: 5 })
  expect(moved.sections[0]).not.toBe(doc.sections[0])
  expect(moved.sections[1]).toBe(doc.sections[1])
})

test('turning four times by a quarter comes back', () => {
  const doc = world()
  const chosen = new Set([section(doc).uid, doc.decorations.at(-1)!.uid])
  const turned = [1, 2, 3, 4].reduce(
    (now) => moveThings(now, chosen, { angle: 90, around: { x: 0, y: 0 } }),
    doc,
  )
  const [was, is] = [seatsOf(doc, chosen), seatsOf(turned, chosen)]
  was.forEach((seat, at) => {
    expect(is[at]!.x).toBeCloseTo(seat.x, 1)
    expect(is[at]!.y).toBeCloseTo(seat.y, 1)
  })
  expect(turned.decorations.at(-1)!.shape).toMatchObject({ rotation: 15 })
})

test('mirroring twice comes back', () => {
  const doc = world()
  const around = { x: 1500, y: 700 }
  const twice = [1, 2].reduce((now) => moveThings(now, all(doc), { mirror: true, around }), doc)
  expect(writeMap(twice)).toEqual(writeMap(doc))
})

test('a table takes its top along, and goes with it', () => {
  const doc = world()
  const table = section(doc, 2).rows[0]!
  const moved = moveThings(doc, new Set([table.uid]), { dx: 300 })
  const top = tableTop(moved, moved.sections[2]!.rows[0]!)
  expect(top?.shape).toMatchObject({ type: 'ellipse', x: 2800, y: 800 })
  expect(removeThings(doc, new Set([table.uid])).decorations).toHaveLength(doc.decorations.length - 1)
})

test('an accessible place is no companion seat', () => {
  const doc = world()
  const chosen = new Set([row(doc).uid])
  const both = setFlag(setFlag(doc, chosen, 'companion', true), chosen, 'accessible', true)
  expect(row(both).seats.every((seat) => seat.accessible && !seat.companion)).toBe(true)
  expect(JSON.stringify(setFlag(both, chosen, 'accessible', false))).toBe(JSON.stringify(doc))
})

test('what was published keeps its names, whatever is renamed; what is new is named after its label', () => {
  const opened = readMap(writeMap(world()), true)
  const renamed = patchSection(opened, section(opened).uid, (one) => ({
    ...numberRows(one, { ...ROW_NUMBERS, fromBack: true }),
    name: 'Parterre',
  }))
  const ids = (doc: Doc) => writeMap(doc).sections![0]!.rows.flatMap(({ seats }) => seats.map(({ id }) => id))
  expect(ids(renamed)).toEqual(ids(opened))
  const more = addRow(renamed, section(renamed), 80, 'standard').doc
  expect(ids(more).slice(-6)).toEqual(['101-D-1', '101-D-2', '101-D-3', '101-D-4', '101-D-5', '101-D-6'])
  // A new row may take a label whose key a published row still has.
  const taken = patchSection(more, section(more).uid, (one) => ({
    ...one,
    rows: one.rows.map((each, at) =>
      at === 3 ? { ...each, label: 'A' } : at === 2 ? { ...each, label: 'Z' } : each,
    ),
  }))
  expect(ids(taken).at(-1)).toBe('101-A_2-6')
  expect(new Set(ids(taken)).size).toBe(24)
})

test('a copy is sold under names of its own', () => {
  const opened = readMap(writeMap(world()), true)
  const { doc } = duplicate(opened, new Set([section(opened).uid]), 0, 900)
  expect(doc.sections.map(({ id }) => id)).toEqual(['101', '103', '102', 'tables'])
  const ids = writeMap(doc).sections!.flatMap(({ rows }) =>
    rows.flatMap(({ seats }) => seats.map(({ id }) => id)),
  )
  expect(new Set(ids).size).toBe(ids.length)
})

test('a map read and written is the same', () => {
  const wire = writeMap(world())
  expect(writeMap(readMap(wire, true))).toEqual(wire)
  expect(writeMap(readMap(wire, false))).toEqual(wire)
})

test('80,000 seats: an edit of one section shares the others', () => {
  let doc = emptyDoc('Standard')
  for (let at = 0; at < 100; at++) {
    doc = addSection(doc, {
      ...plan,
      rows: 20,
      seats: 40,
      at: { x: (at % 10) * 3000, y: Math.floor(at / 10) * 2000 },
    }).doc
  }
  expect(seatsOf(doc, all(doc))).toHaveLength(80_000)
  expect(pitchOf(section(doc))).toBe(50)
  const moved = moveThings(doc, new Set([section(doc, 7).uid]), { dx: 1 })
  expect(moved.sections.filter((one, at) => one !== doc.sections[at])).toHaveLength(1)
})
