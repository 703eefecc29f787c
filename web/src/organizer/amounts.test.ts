import { expect, test } from 'vitest'
import { amountText, parseAmount } from './amounts'

test.each([
  ['12.50', 'EUR', 1250],
  ['12,5', 'EUR', 1250],
  ['12', 'EUR', 1200],
  ['0', 'EUR', 0],
  ['1200', 'JPY', 1200],
  ['1.234', 'KWD', 1234],
  ['12.345', 'EUR', undefined],
  ['1.5', 'JPY', undefined],
  ['-4', 'EUR', undefined],
  ['1,200.00', 'EUR', undefined],
  ['', 'EUR', undefined],
])('%s in %s', (text, currency, amount) => expect(parseAmount(text, currency)).toBe(amount))

test.each([
  [1250, 'EUR', '12.50'],
  [1200, 'JPY', '1200'],
  [1234, 'KWD', '1.234'],
])('%d of %s is typed %s', (amount, currency, text) => expect(amountText({ amount, currency })).toBe(text))
