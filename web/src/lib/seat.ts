import type { TFunction } from 'i18next'

type Section = { readonly id: string; readonly name: string }

/**
 * What people call the seat of an id: its section, row and label with hyphens between; sections may have
 * hyphens of their own. A section that is not among `sections` goes by its id.
 */
export function seatName(id: string, sections: readonly Section[], t: TFunction): string {
  const parts = id.split('-')
  if (parts.length < 3) return id
  const [seat, row] = [parts.pop(), parts.pop()]
  const section = parts.join('-')
  return t('common:place', {
    section: sections.find((one) => one.id === section)?.name ?? section,
    row,
    seat,
  })
}

type Place = { readonly section: string; readonly row?: string | null; readonly label?: string | null }

/** The place of a ticket: a seat by section, row and number, one on the floor by its area. */
export function placeOf({ section, row, label }: Place, t: TFunction): string {
  return row && label ? t('common:place', { section, row, seat: label }) : section
}

/** What a line of a quote or order is for. The server's own words for it are English. */
export function lineName({ kind, description }: { kind: string; description: string }, t: TFunction): string {
  if (kind !== 'face_value')
    return t([`common:line.${kind}`, 'common:line.other'] as never, { description }) as string
  const [, section, row, seat] = /^(.+), row (.+), seat (.+)$/.exec(description) ?? []
  return seat ? t('common:place', { section, row, seat }) : description
}
