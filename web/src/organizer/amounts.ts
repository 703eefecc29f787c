import type { Money } from '../api/types'
import { minorUnits } from '../lib/money'

/** `12.50` or `12,50` as typed, in the currency's minor unit; nothing for what is no amount of it. */
export function parseAmount(text: string, currency: string): number | undefined {
  const match = /^\s*(\d{1,9})(?:[.,](\d+))?\s*$/.exec(text)
  if (!match) return undefined
  const units = minorUnits(currency)
  const digits = String(units).length - 1
  const fraction = match[2] ?? ''
  if (fraction.length > digits) return undefined
  return Number(match[1]) * units + Number(fraction.padEnd(digits, '0') || '0')
}

/** The amount as it is typed: `1250` of EUR is `12.50`. */
export function amountText({ amount, currency }: Money): string {
  const units = minorUnits(currency)
  return (amount / units).toFixed(String(units).length - 1)
}
