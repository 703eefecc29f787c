import i18next from 'i18next'
import { beforeAll, expect, test } from 'vitest'
import { Problem } from '../api/problem'
import de from '../i18n/locales/de/common.json'
import { problemMessage } from '../i18n/problem'
import { lineName, placeOf, seatName } from './seat'

const sections = [
  { id: 'STALLS', name: 'Parkett' },
  { id: 'BOX-2', name: 'Loge 2' },
]

beforeAll(() =>
  i18next.init({
    lng: 'de',
    defaultNS: 'common',
    resources: { de: { common: de } },
    interpolation: { escapeValue: false },
  }),
)

test('a seat goes by the names of its section, row and number', () => {
  expect(seatName('STALLS-K-1', sections, i18next.t)).toBe('Parkett, Reihe K, Platz 1')
  expect(seatName('BOX-2-A-7', sections, i18next.t)).toBe('Loge 2, Reihe A, Platz 7')
  expect(seatName('GALLERY-B-3', sections, i18next.t)).toBe('GALLERY, Reihe B, Platz 3')
  expect(seatName('FLOOR', sections, i18next.t)).toBe('FLOOR')
})

test('the place of a ticket is a seat or an area', () => {
  expect(placeOf({ section: 'Loge 2', row: 'A', label: '7' }, i18next.t)).toBe('Loge 2, Reihe A, Platz 7')
  expect(placeOf({ section: 'Innenraum', row: null, label: null }, i18next.t)).toBe('Innenraum')
})

test('a refusal names seats as people do', () => {
  const refused = (details: object) =>
    new Problem('seat_unavailable', 409, { details: details as Record<string, never> })
  expect(problemMessage(i18next.t, refused({ seat: 'STALLS-K-1' }), sections)).toContain(
    'Parkett, Reihe K, Platz 1.',
  )
  expect(problemMessage(i18next.t, refused({ seats: ['STALLS-K-1', 'BOX-2-A-7'] }), sections)).toContain(
    'Parkett, Reihe K, Platz 1; Loge 2, Reihe A, Platz 7.',
  )
})

test('what an order is made of is said in the language of the page', () => {
  const line = (kind: string, description: string) => lineName({ kind, description }, i18next.t)
  expect(line('fee', 'Service fee')).toBe('Servicegebühr')
  expect(line('discount', 'SPRING')).toBe('Rabatt: SPRING')
  expect(line('gift_wrap', 'A ribbon')).toBe('A ribbon')
  expect(line('face_value', 'Stalls, left, row C, seat 12')).toBe('Stalls, left, Reihe C, Platz 12')
  expect(line('face_value', 'Standing')).toBe('Standing')
})
