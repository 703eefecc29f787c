import { mapSeats, patchRow, patchSection, removeThings, setFlag, setLevel, takenIds } from './edit'
import { boxOfAll, boxOfFound, boxOfSection, isTable, pitchOf } from './find'
import { AISLE, curveOf, distance, layRow, median } from './geometry'
import { nextRowLabel } from './numbering'
import { overlapsOf } from './overlap'
import type { Doc, Row, Section, Selection, Uid } from './types'
import { LIMITS, round } from './types'
import { freeKey, isKey, keyOf } from './wire'

export type CheckName =
  | 'empty'
  | 'ids'
  | 'rowLabels'
  | 'seatLabels'
  | 'level'
  | 'capacity'
  | 'tooMany'
  | 'overlap'
  | 'emptyRow'
  | 'emptySection'
  | 'companion'
  | 'isolated'
  | 'outside'
  | 'unshaped'

export interface Finding {
  readonly name: CheckName
  /** An error is refused by the server; a warning is for a person to judge. */
  readonly severity: 'error' | 'warning'
  /** What to choose when the finding is clicked. */
  readonly where: readonly Uid[]
  /** For the message: names of the places, and how many. */
  readonly place: string
  readonly count: number
  readonly fix?: (doc: Doc) => Doc
}

/** Everything to look at before a map is published, what is refused first. */
export function checkMap(doc: Doc): Finding[] {
  const findings = [
    ...wholeMap(doc),
    ...ids(doc),
    ...doc.sections.flatMap((section) => checkSection(doc, section)),
    ...areas(doc),
    ...overlaps(doc),
  ]
  return findings.toSorted(
    (one, other) => Number(one.severity === 'warning') - Number(other.severity === 'warning'),
  )
}

/** The same in short pieces of work, for a large map that is looked at for the first time. */
export async function checkSlowly(doc: Doc, isOver: () => boolean): Promise<Finding[] | undefined> {
  let since = performance.now()
  for (const section of doc.sections) {
    checkSection(doc, section)
    overlapsOf({ ...doc, sections: [section] })
    if (performance.now() - since < PIECE_MS) continue
    await new Promise((done) => setTimeout(done))
    if (isOver()) return undefined
    since = performance.now()
  }
  return checkMap(doc)
}

/** Work that is hardly felt. */
const PIECE_MS = 12

function wholeMap(doc: Doc): Finding[] {
  const findings: Finding[] = []
  const hasSeat = doc.sections.some((section) => section.rows.some((row) => row.seats.length > 0))
  if (!hasSeat && doc.areas.length === 0) {
    findings.push({ name: 'empty', severity: 'error', where: [], place: '', count: 0 })
  }
  const drawn = [
    ...doc.sections.filter(({ rows }) => rows.some(({ seats }) => seats.length > 0)).map(boxOfSection),
    ...doc.areas.map((area) => boxOfFound({ kind: 'area', area })),
    ...doc.decorations.map((decoration) => boxOfFound({ kind: 'decoration', decoration })),
  ].filter((box) => Number.isFinite(box[0]))
  if (drawn.length > 0) {
    const [left, top, right, bottom] = boxOfAll(drawn)
    if (left < 0 || top < 0 || right > doc.width || bottom > doc.height) {
      findings.push({ name: 'outside', severity: 'warning', where: [], place: '', count: 1, fix: fitMap })
    }
  }
  return findings
}

/** Makes the map as large as what is drawn in it, and moves everything inside. */
export function fitMap(doc: Doc): Doc {
  const drawn = [
    ...doc.sections.filter(({ rows }) => rows.some(({ seats }) => seats.length > 0)).map(boxOfSection),
    ...doc.areas.map((area) => boxOfFound({ kind: 'area', area })),
    ...doc.decorations.map((decoration) => boxOfFound({ kind: 'decoration', decoration })),
  ].filter((box) => Number.isFinite(box[0]))
  if (drawn.length === 0) return doc
  const [, , right, bottom] = boxOfAll(drawn)
  const [left, top] = boxOfAll(drawn)
  const margin = 100
  const [dx, dy] = [left < 0 ? round(margin - left) : 0, top < 0 ? round(margin - top) : 0]
  const everything: Selection = new Set(
    [...doc.sections, ...doc.areas, ...doc.decorations].map(({ uid }) => uid),
  )
  const moved = dx === 0 && dy === 0 ? doc : moveAll(doc, everything, dx, dy)
  return {
    ...moved,
    width: Math.max(doc.width, Math.ceil(right + dx + margin)),
    height: Math.max(doc.height, Math.ceil(bottom + dy + margin)),
  }
}

function ids(doc: Doc): Finding[] {
  const findings: Finding[] = []
  const seen = new Set<string>()
  const rename = (uid: Uid, id: string) => (now: Doc) => {
    const free = freeKey(keyOf(id) ?? 'section', takenIds(now))
    return {
      ...now,
      sections: now.sections.map((one) => (one.uid === uid ? { ...one, id: free } : one)),
      areas: now.areas.map((one) => (one.uid === uid ? { ...one, id: free } : one)),
    }
  }
  for (const one of [...doc.sections, ...doc.areas]) {
    const isWrong = !isKey(one.id) || seen.has(one.id)
    seen.add(one.id)
    if (!isWrong && one.name.trim()) continue
    const fix = !isWrong
      ? (now: Doc) => ({
          ...now,
          sections: now.sections.map((s) => (s.uid === one.uid ? { ...s, name: s.id } : s)),
          areas: now.areas.map((a) => (a.uid === one.uid ? { ...a, name: a.id } : a)),
        })
      : rename(one.uid, one.id)
    findings.push({
      name: 'ids',
      severity: 'error',
      where: [one.uid],
      place: one.name || one.id,
      count: 1,
      fix,
    })
  }
  return findings
}

function lookAt(doc: Doc, section: Section): Finding[] {
  const findings: Finding[] = []
  const add = (
    name: CheckName,
    severity: Finding['severity'],
    where: Uid[],
    place: string,
    fix?: Finding['fix'],
  ) => findings.push({ name, severity, where, place, count: where.length, ...(fix && { fix }) })
  if (section.rows.length === 0) {
    add('emptySection', 'warning', [section.uid], section.name, (now) =>
      removeThings(now, new Set([section.uid])),
    )
  }
  if (section.rows.length > LIMITS.rows) add('tooMany', 'error', [section.uid], section.name)
  const labels = new Set<string>()
  const levels = new Set(doc.levels.map(({ key }) => key))
  const unlevelled: Uid[] = []
  const alone: Uid[] = []
  for (const row of section.rows) {
    const place = `${section.name} · ${row.label}`
    if (labels.has(row.label) || !row.label.trim()) {
      add('rowLabels', 'error', [row.uid], place, (now) => {
        const taken =
          now.sections.find(({ uid }) => uid === section.uid)?.rows.map(({ label }) => label) ?? []
        return patchRow(now, row.uid, (one) => ({ ...one, label: nextRowLabel(taken) }))
      })
    }
    labels.add(row.label)
    if (row.seats.length === 0) {
      add('emptyRow', 'warning', [row.uid], place, (now) => removeThings(now, new Set([row.uid])))
    }
    if (row.seats.length > LIMITS.seats) add('tooMany', 'error', [row.uid], place)
    const twice = duplicates(row)
    if (twice.length > 0) add('seatLabels', 'error', twice, place, (now) => patchRow(now, row.uid, relabel))
    for (const seat of row.seats) if (!levels.has(seat.level)) unlevelled.push(seat.uid)
    const uncared = withoutCompanion(row)
    if (uncared.length > 0) {
      const beside = companionsFor(row)
      const fix =
        beside.length > 0 ? (now: Doc) => setFlag(now, new Set(beside), 'companion', true) : undefined
      add('companion', 'warning', uncared, place, fix)
    }
    alone.push(...isolated(row))
  }
  if (unlevelled.length > 0) {
    const level = doc.levels[0]?.key
    add(
      'level',
      'error',
      unlevelled,
      section.name,
      level ? (now) => setLevel(now, new Set(unlevelled), level) : undefined,
    )
  }
  if (alone.length > 0) add('isolated', 'warning', alone, section.name)
  return findings
}

function duplicates(row: Row): Uid[] {
  const seen = new Set<string>()
  return row.seats.flatMap((seat) => {
    const isTwice = seen.has(seat.label) || !seat.label.trim()
    seen.add(seat.label)
    return isTwice ? [seat.uid] : []
  })
}

/** Gives seats with a label that is taken the next free number. */
function relabel(row: Row): Row {
  const seen = new Set<string>()
  const all = new Set(row.seats.map(({ label }) => label))
  let next = 1
  const seats = row.seats.map((seat) => {
    if (seat.label.trim() && !seen.has(seat.label)) {
      seen.add(seat.label)
      return seat
    }
    while (all.has(String(next))) next++
    all.add(String(next))
    seen.add(String(next))
    return { ...seat, label: String(next) }
  })
  return { ...row, seats }
}

/** For each seat, whether the next one of the row stands right beside it: as the server counts it. */
export function neighbours(row: Row): boolean[] {
  const gaps = row.seats.slice(1).map((seat, at) => distance(row.seats[at]!, seat))
  const usual = median(gaps)
  return row.seats.map((_, at) => at < gaps.length && gaps[at]! <= usual * AISLE)
}

function besides(row: Row): number[][] {
  const joined = neighbours(row)
  const closed = isTable(row) && row.seats.length > 2
  return row.seats.map((_, at) => [
    ...(at > 0 && joined[at - 1] ? [at - 1] : closed && at === 0 ? [row.seats.length - 1] : []),
    ...(joined[at] ? [at + 1] : closed && at === row.seats.length - 1 ? [0] : []),
  ])
}

function withoutCompanion(row: Row): Uid[] {
  if (!row.seats.some(({ accessible }) => accessible)) return []
  const beside = besides(row)
  return row.seats.flatMap((seat, at) =>
    seat.accessible && !beside[at]!.some((one) => row.seats[one]!.companion) ? [seat.uid] : [],
  )
}

/** The ordinary seats beside accessible places that have nobody beside them. */
function companionsFor(row: Row): Uid[] {
  const beside = besides(row)
  const alone = new Set(withoutCompanion(row))
  const made = new Set<number>()
  row.seats.forEach((seat, at) => {
    if (!alone.has(seat.uid) || beside[at]!.some((one) => made.has(one))) return
    const free = beside[at]!.find((one) => !row.seats[one]!.accessible)
    if (free !== undefined) made.add(free)
  })
  return [...made].map((at) => row.seats[at]!.uid)
}

/** Seats with an aisle on both sides, in a row with others. */
function isolated(row: Row): Uid[] {
  if (row.seats.length < 2) return []
  const beside = besides(row)
  return row.seats.flatMap((seat, at) => (beside[at]!.length === 0 ? [seat.uid] : []))
}

function areas(doc: Doc): Finding[] {
  const levels = new Set(doc.levels.map(({ key }) => key))
  return doc.areas.flatMap((area) => {
    const findings: Finding[] = []
    const at = { where: [area.uid], place: area.name || area.id, count: 1 }
    if (!levels.has(area.level)) {
      const level = doc.levels[0]?.key
      const fix = level ? { fix: (now: Doc) => setLevel(now, new Set([area.uid]), level) } : {}
      findings.push({ name: 'level', severity: 'error', ...at, ...fix })
    }
    if (!Number.isInteger(area.capacity) || area.capacity < 1 || area.capacity > LIMITS.areaCapacity) {
      findings.push({ name: 'capacity', severity: 'error', ...at })
    }
    if (!area.shape) findings.push({ name: 'unshaped', severity: 'warning', ...at })
    return findings
  })
}

/** Findings of a section for as long as it and the levels stay the same: an edit looks only at what is new. */
const checked = new WeakMap<Section, { levels: Doc['levels']; findings: Finding[] }>()

function checkSection(doc: Doc, section: Section): Finding[] {
  const kept = checked.get(section)
  if (kept?.levels === doc.levels) return kept.findings
  const findings = lookAt(doc, section)
  checked.set(section, { levels: doc.levels, findings })
  return findings
}

function overlaps(doc: Doc): Finding[] {
  return overlapsOf(doc).map(({ section, seats, rows }) => {
    const laid = [...rows].filter((row) => curveOf(row.seats))
    const fix = laid.length > 0 ? { fix: (now: Doc) => spread(now, section.uid, laid) } : {}
    return {
      name: 'overlap',
      severity: 'warning',
      where: [...seats],
      place: section.name,
      count: seats.size,
      ...fix,
    }
  })
}

/** Lays rows along their curves again, evenly. */
function spread(doc: Doc, uid: Uid, rows: readonly Row[]): Doc {
  const uids = new Set(rows.map((row) => row.uid))
  return patchSection(doc, uid, (section) => ({
    ...section,
    rows: section.rows.map((row) => {
      const curve = uids.has(row.uid) ? curveOf(row.seats) : undefined
      return curve ? layRow(row, { ...curve, spacing: Math.max(curve.spacing, pitchOf(section)) }) : row
    }),
  }))
}

function moveAll(doc: Doc, all: Selection, dx: number, dy: number): Doc {
  const seats = mapSeats(doc, all, (seat) => ({ ...seat, x: round(seat.x + dx), y: round(seat.y + dy) }))
  const focalPoint = doc.focalPoint && { x: round(doc.focalPoint.x + dx), y: round(doc.focalPoint.y + dy) }
  return {
    ...seats,
    ...(focalPoint && { focalPoint }),
    areas: doc.areas.map((area) => (area.shape ? { ...area, shape: shift(area.shape, dx, dy) } : area)),
    decorations: doc.decorations.map((drawn) => ({ ...drawn, shape: shift(drawn.shape, dx, dy) })),
  }
}

function shift(shape: NonNullable<Doc['areas'][number]['shape']>, dx: number, dy: number) {
  if (shape.type === 'polygon') {
    return { ...shape, points: shape.points.map(({ x, y }) => ({ x: round(x + dx), y: round(y + dy) })) }
  }
  return { ...shape, x: round(shape.x + dx), y: round(shape.y + dy) }
}
