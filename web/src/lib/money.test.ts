import { expect, test } from 'vitest'
import { formatMoney, minorUnits, sumMoney, timesMoney } from './money'

test('amounts are read in the minor unit of their currency', () => {
  expect(minorUnits('EUR')).toBe(100)
  expect(minorUnits('JPY')).toBe(1)
  expect(minorUnits('KWD')).toBe(1000)
  expect(formatMoney({ amount: 24900, currency: 'EUR' }, 'en')).toBe('€249.00')
  expect(formatMoney({ amount: 24900, currency: 'EUR' }, 'de').replace(/\s/g, ' ')).toBe('249,00 €')
  expect(formatMoney({ amount: 500, currency: 'JPY' }, 'en')).toBe('¥500')
})

test('sums stay whole and refuse to mix currencies', () => {
  const euro = (amount: number) => ({ amount, currency: 'EUR' })
  expect(sumMoney([euro(10), euro(20)])).toEqual(euro(30))
  expect(sumMoney([])).toBeUndefined()
  expect(sumMoney([euro(10), { amount: 1, currency: 'GBP' }])).toBeUndefined()
  expect(timesMoney(euro(10), 3)).toEqual(euro(30))
})
