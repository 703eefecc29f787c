import { expect, test } from 'vitest'
import { bodyOf, draftOf, faultsOf } from './venue'

const FULL = {
  ...draftOf(),
  name: ' Cellar 58 ',
  city: 'Berlin',
  country: 'de',
  timeZone: 'Europe/Berlin',
  latitude: '52,5',
  longitude: '13.4',
}

test('what is typed becomes what is sent', () => {
  expect(faultsOf(FULL)).toEqual({})
  expect(bodyOf(FULL)).toEqual({
    name: 'Cellar 58',
    address: null,
    city: 'Berlin',
    country: 'DE',
    timeZone: 'Europe/Berlin',
    latitude: 52.5,
    longitude: 13.4,
  })
})

test('what is missing or cannot be is told by field', () => {
  expect(faultsOf({ ...FULL, name: ' ', city: '', country: 'Germany' })).toEqual({
    name: 'required',
    city: 'required',
    country: 'country',
  })
  expect(faultsOf({ ...FULL, latitude: '91' })).toEqual({ latitude: 'degrees' })
  expect(faultsOf({ ...FULL, longitude: '' })).toEqual({ longitude: 'both' })
})
