import type { Area, Decoration, Doc, Row, Seat, SeatMapWire, Section } from './types'
import { round } from './types'

/** Letters that a part of a seat's id may have; the hyphen parts section, row and seat. */
const KEY = /^[A-Za-z0-9._~]{1,40}$/

export const isKey = (text: string): boolean => KEY.test(text)

/** `text` as a part of a seat id, or nothing if no letter of it can be one. */
export function keyOf(text: string): string | undefined {
  const key = text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[^A-Za-z0-9.~]+/g, '_')
    .replace(/^_+|_+$/g, '')
    .slice(0, 30)
  return isKey(key) ? key : undefined
}

/** `wanted`, or the first free of `wanted_2`, `wanted_3` .. */
export function freeKey(wanted: string, taken: ReadonlySet<string>): string {
  if (!taken.has(wanted)) return wanted
  for (let n = 2; ; n++) if (!taken.has(`${wanted}_${n}`)) return `${wanted}_${n}`
}

/** Opens a map. `published`: a version of the venue, whose names are on tickets; else a file's. */
export function readMap(wire: SeatMapWire, published: boolean): Doc {
  let next = 1
  const uid = () => next++
  const mark = published ? ({ published: true } as const) : {}
  const seatOf = (
    seat: NonNullable<SeatMapWire['sections']>[number]['rows'][number]['seats'][number],
  ): Seat => ({
    uid: uid(),
    ...(seat.id && { key: seat.id.split('-')[2] }),
    label: seat.label,
    x: seat.x,
    y: seat.y,
    level: seat.level,
    ...(seat.accessible && { accessible: true }),
    ...(seat.companion && { companion: true }),
    ...(seat.restrictedView && { restrictedView: true }),
    ...(seat.externalId && { externalId: seat.externalId }),
  })
  const sections = (wire.sections ?? []).map(
    (section): Section => ({
      uid: uid(),
      id: section.id,
      ...mark,
      name: section.name,
      rows: section.rows.map((row): Row => {
        const key = row.seats[0]?.id?.split('-')[1]
        return { uid: uid(), ...(key && { key }), label: row.label, seats: row.seats.map(seatOf) }
      }),
    }),
  )
  const areas = (wire.areas ?? []).map(
    (area): Area => ({
      uid: uid(),
      id: area.id,
      ...mark,
      name: area.name,
      capacity: area.capacity,
      level: area.level,
      ...(area.shape && { shape: area.shape }),
    }),
  )
  const decorations = (wire.decorations ?? []).map(
    (drawn): Decoration => ({
      uid: uid(),
      ...(drawn.text && { text: drawn.text }),
      ...(drawn.color && { color: drawn.color }),
      shape: drawn.shape,
    }),
  )
  return {
    ...(wire.name && { name: wire.name }),
    width: wire.width,
    height: wire.height,
    ...(wire.focalPoint && { focalPoint: wire.focalPoint }),
    levels: wire.levels,
    sections,
    areas,
    decorations,
    next,
  }
}

/** The document as the server takes it, every seat with its id. */
export function writeMap(doc: Doc): SeatMapWire {
  return {
    ...(doc.name && { name: doc.name }),
    width: round(doc.width),
    height: round(doc.height),
    ...(doc.focalPoint && { focalPoint: { x: round(doc.focalPoint.x), y: round(doc.focalPoint.y) } }),
    levels: [...doc.levels],
    sections: doc.sections.map((section) => {
      const rowKeys = namesOf(section.rows, 'r')
      return {
        id: section.id,
        name: section.name,
        rows: section.rows.map((row, r) => {
          const seatKeys = namesOf(row.seats, 's')
          return {
            label: row.label,
            seats: row.seats.map(({ uid: _, key: __, ...seat }, n) => ({
              id: `${section.id}-${rowKeys[r]}-${seatKeys[n]}`,
              ...seat,
            })),
          }
        }),
      }
    }),
    areas: doc.areas.map(({ uid: _, published: __, ...area }) => area),
    decorations: doc.decorations.map(({ uid: _, ...drawn }) => drawn),
  }
}

/** The id that each seat of the document is sold under, by uid. */
export function seatIds(doc: Doc): Map<number, string> {
  const ids = new Map<number, string>()
  for (const section of doc.sections) {
    const rowKeys = namesOf(section.rows, 'r')
    section.rows.forEach((row, r) => {
      const seatKeys = namesOf(row.seats, 's')
      row.seats.forEach((seat, n) => {
        ids.set(seat.uid, `${section.id}-${rowKeys[r]}-${seatKeys[n]}`)
      })
    })
  }
  return ids
}

/** Keys that were published stay; the others come from labels, and give way. */
function namesOf(things: readonly { key?: string; label: string }[], prefix: string): string[] {
  const taken = new Set(things.flatMap(({ key }) => key ?? []))
  return things.map(({ key, label }, at) => {
    if (key) return key
    const made = freeKey(keyOf(label) ?? `${prefix}${at + 1}`, taken)
    taken.add(made)
    return made
  })
}
