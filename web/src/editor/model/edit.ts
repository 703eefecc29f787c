import { boxOfAll, boxOfFound, boxOfSelection, find, findAll, tableTops } from './find'
import { type Move, moveSeat, moveShape } from './geometry'
import { nextRowLabel } from './numbering'
import type { Area, Decoration, Doc, Flag, Level, Row, Seat, Section, Selection, Uid } from './types'
import { freeKey } from './wire'

/** The list with some of its things changed; the very same list if none was. */
export function mapSame<T>(list: readonly T[], change: (thing: T) => T): readonly T[] {
  let changed: T[] | undefined
  list.forEach((thing, at) => {
    const now = change(thing)
    if (now === thing) return
    changed ??= [...list]
    changed[at] = now
  })
  return changed ?? list
}

export function patchSection(doc: Doc, uid: Uid, change: (section: Section) => Section): Doc {
  return { ...doc, sections: mapSame(doc.sections, (one) => (one.uid === uid ? change(one) : one)) }
}

export function patchRow(doc: Doc, uid: Uid, change: (row: Row) => Row): Doc {
  const found = find(doc, uid)
  if (found?.kind !== 'row') return doc
  return patchSection(doc, found.section.uid, (section) => ({
    ...section,
    rows: mapSame(section.rows, (row) => (row.uid === uid ? change(row) : row)),
  }))
}

export function patchArea(doc: Doc, uid: Uid, patch: Partial<Area>): Doc {
  return { ...doc, areas: mapSame(doc.areas, (one) => (one.uid === uid ? { ...one, ...patch } : one)) }
}

export function patchDecoration(doc: Doc, uid: Uid, change: (drawn: Decoration) => Decoration): Doc {
  return { ...doc, decorations: mapSame(doc.decorations, (one) => (one.uid === uid ? change(one) : one)) }
}

/** Changes every seat in what is chosen; all that is not stays the same object. */
export function mapSeats(doc: Doc, selection: Selection, change: (seat: Seat) => Seat): Doc {
  const sections = mapSame(doc.sections, (section) => {
    const whole = selection.has(section.uid)
    const rows = mapSame(section.rows, (row) => {
      const all = whole || selection.has(row.uid)
      const seats = mapSame(row.seats, (seat) => (all || selection.has(seat.uid) ? change(seat) : seat))
      return seats === row.seats ? row : { ...row, seats }
    })
    return rows === section.rows ? section : { ...section, rows }
  })
  return sections === doc.sections ? doc : { ...doc, sections }
}

/** Moves, turns or mirrors what is chosen; around its own middle unless `move` says otherwise. */
export function moveThings(doc: Doc, selection: Selection, move: Move): Doc {
  const box = boxOfSelection(doc, selection)
  if (!box) return doc
  const full = { around: { x: (box[0] + box[2]) / 2, y: (box[1] + box[3]) / 2 }, ...move }
  const tops = tableTops(doc, selection)
  const moved = mapSeats(doc, selection, (seat) => moveSeat(seat, full))
  return {
    ...moved,
    areas: mapSame(doc.areas, (area) =>
      selection.has(area.uid) && area.shape ? { ...area, shape: moveShape(area.shape, full) } : area,
    ),
    decorations: mapSame(doc.decorations, (drawn) =>
      selection.has(drawn.uid) || tops.has(drawn.uid)
        ? { ...drawn, shape: moveShape(drawn.shape, full) }
        : drawn,
    ),
  }
}

export function removeThings(doc: Doc, selection: Selection): Doc {
  const tops = tableTops(doc, selection)
  const sections = doc.sections
    .filter((section) => !selection.has(section.uid))
    .map((section) => {
      const rows = section.rows
        .filter((row) => !selection.has(row.uid))
        .map((row) =>
          row.seats.some((seat) => selection.has(seat.uid))
            ? { ...row, seats: row.seats.filter((seat) => !selection.has(seat.uid)) }
            : row,
        )
      const same = rows.length === section.rows.length && rows.every((row, at) => row === section.rows[at])
      return same ? section : { ...section, rows }
    })
  return {
    ...doc,
    sections,
    areas: doc.areas.filter((area) => !selection.has(area.uid)),
    decorations: doc.decorations.filter((drawn) => !selection.has(drawn.uid) && !tops.has(drawn.uid)),
  }
}

/** Keys of sections and areas, which share them. */
export function takenIds(doc: Doc): Set<string> {
  return new Set([...doc.sections, ...doc.areas].map(({ id }) => id))
}

/** The next free id after one that ends in a number, else with one behind it. */
export function idAfter(id: string, taken: ReadonlySet<string>): string {
  const [, stem = id, digits] = /^(.*?)(\d+)$/.exec(id) ?? []
  if (!digits) return freeKey(id, taken)
  for (let n = Number(digits) + 1; ; n++) if (!taken.has(`${stem}${n}`)) return `${stem}${n}`
}

export interface Added {
  doc: Doc
  select: Selection
}

/** Copies sections, rows, areas and decorations beside themselves, under names of their own. */
export function duplicate(doc: Doc, selection: Selection, dx: number, dy: number): Added {
  let { next } = doc
  const uid = () => next++
  const select = new Set<Uid>()
  const chosen = () => {
    const at = uid()
    select.add(at)
    return at
  }
  const taken = takenIds(doc)
  const idFor = (id: string) => {
    const free = idAfter(id, taken)
    taken.add(free)
    return free
  }
  const move = { dx, dy }
  const copySeat = ({ key: _, externalId: __, ...seat }: Seat): Seat => ({
    ...moveSeat(seat, move),
    uid: uid(),
  })
  const copyRow = ({ key: _, ...row }: Row, at: Uid): Row => ({
    ...row,
    uid: at,
    seats: row.seats.map(copySeat),
  })
  const tops = tableTops(doc, selection)
  const sections = doc.sections.flatMap((section): Section[] => {
    if (selection.has(section.uid)) {
      const { published: _, ...rest } = section
      const id = idFor(section.id)
      const name = section.name.includes(section.id)
        ? section.name.replace(section.id, id)
        : `${section.name} (${id})`
      return [
        section,
        { ...rest, uid: chosen(), id, name, rows: section.rows.map((row) => copyRow(row, uid())) },
      ]
    }
    const labels = section.rows.map(({ label }) => label)
    const rows = section.rows
      .filter((row) => selection.has(row.uid))
      .map((row) => {
        const label = nextRowLabel(labels)
        labels.push(label)
        return { ...copyRow(row, chosen()), label }
      })
    return [rows.length > 0 ? { ...section, rows: [...section.rows, ...rows] } : section]
  })
  const areas = doc.areas.flatMap((area): Area[] => {
    if (!selection.has(area.uid)) return [area]
    const { published: _, ...rest } = area
    const shape = area.shape && { shape: moveShape(area.shape, move) }
    return [area, { ...rest, ...shape, uid: chosen(), id: idFor(area.id) }]
  })
  const decorations = doc.decorations.flatMap((drawn): Decoration[] => {
    const isTop = tops.has(drawn.uid)
    if (!selection.has(drawn.uid) && !isTop) return [drawn]
    return [drawn, { ...drawn, shape: moveShape(drawn.shape, move), uid: isTop ? uid() : chosen() }]
  })
  return { doc: { ...doc, sections, areas, decorations, next }, select }
}

export type Side = 'left' | 'center' | 'right' | 'top' | 'middle' | 'bottom'

/** Lines up everything chosen, each thing as one, along a side of all of it together. */
export function align(doc: Doc, selection: Selection, side: Side): Doc {
  const parts = findAll(doc, selection).map((found) => ({ uid: uidOf(found), box: boxOfFound(found) }))
  const drawn = parts.filter(({ box }) => Number.isFinite(box[0]))
  if (drawn.length < 2) return doc
  const all = boxOfAll(drawn.map(({ box }) => box))
  return drawn.reduce((now, { uid, box }) => {
    const by = {
      left: { dx: all[0] - box[0] },
      right: { dx: all[2] - box[2] },
      center: { dx: (all[0] + all[2] - box[0] - box[2]) / 2 },
      top: { dy: all[1] - box[1] },
      bottom: { dy: all[3] - box[3] },
      middle: { dy: (all[1] + all[3] - box[1] - box[3]) / 2 },
    }[side]
    return moveThings(now, new Set([uid]), by)
  }, doc)
}

/** Leaves the same room between the things chosen; the outermost stay. */
export function distribute(doc: Doc, selection: Selection, axis: 'x' | 'y'): Doc {
  const [from, to] = axis === 'x' ? ([0, 2] as const) : ([1, 3] as const)
  const parts = findAll(doc, selection)
    .map((found) => ({ uid: uidOf(found), box: boxOfFound(found) }))
    .filter(({ box }) => Number.isFinite(box[0]))
    .toSorted((one, other) => one.box[from] + one.box[to] - other.box[from] - other.box[to])
  if (parts.length < 3) return doc
  const taken = parts.reduce((sum, { box }) => sum + box[to] - box[from], 0)
  const room = (parts.at(-1)!.box[to] - parts[0]!.box[from] - taken) / (parts.length - 1)
  let at = parts[0]!.box[from]
  return parts.reduce((now, { uid, box }) => {
    const by = at - box[from]
    at += box[to] - box[from] + room
    return moveThings(now, new Set([uid]), axis === 'x' ? { dx: by } : { dy: by })
  }, doc)
}

function uidOf(found: NonNullable<ReturnType<typeof find>>): Uid {
  switch (found.kind) {
    case 'section':
      return found.section.uid
    case 'row':
      return found.row.uid
    case 'seat':
      return found.seat.uid
    case 'area':
      return found.area.uid
    case 'decoration':
      return found.decoration.uid
  }
}

export function setLevel(doc: Doc, selection: Selection, level: string): Doc {
  const painted = mapSeats(doc, selection, (seat) => (seat.level === level ? seat : { ...seat, level }))
  const areas = mapSame(doc.areas, (area) =>
    selection.has(area.uid) && area.level !== level ? { ...area, level } : area,
  )
  return areas === doc.areas ? painted : { ...painted, areas }
}

/** A seat is an accessible place or a companion's, not both. */
export function setFlag(doc: Doc, selection: Selection, flag: Flag, on: boolean): Doc {
  return mapSeats(doc, selection, (seat) => {
    if ((seat[flag] === true) === on) return seat
    const { [flag]: _, ...rest } = seat
    if (!on) return rest
    if (flag === 'accessible') {
      const { companion: __, ...alone } = rest as Seat
      return { ...alone, accessible: true }
    }
    if (flag === 'companion') {
      const { accessible: __, ...alone } = rest as Seat
      return { ...alone, companion: true }
    }
    return { ...rest, [flag]: true } as Seat
  })
}

export function patchSeat(doc: Doc, uid: Uid, patch: Partial<Pick<Seat, 'label' | 'x' | 'y'>>): Doc {
  return mapSeats(doc, new Set([uid]), (seat) => ({ ...seat, ...patch }))
}

export function setLevels(doc: Doc, levels: readonly Level[]): Doc {
  return { ...doc, levels }
}

/** Takes a level away; its places get another, or none. */
export function removeLevel(doc: Doc, key: string, instead: string): Doc {
  const all: Selection = new Set(doc.sections.map(({ uid }) => uid))
  const seats = mapSeats(doc, all, (seat) => (seat.level === key ? { ...seat, level: instead } : seat))
  return {
    ...seats,
    areas: mapSame(doc.areas, (area) => (area.level === key ? { ...area, level: instead } : area)),
    levels: doc.levels.filter((level) => level.key !== key),
  }
}
