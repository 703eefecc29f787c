import type { Money } from '../api/types'

const formats = new Map<string, Intl.NumberFormat>()

function format(locale: string, currency: string): Intl.NumberFormat {
  const key = `${locale} ${currency}`
  const known = formats.get(key)
  if (known) return known
  const made = new Intl.NumberFormat(locale, { style: 'currency', currency })
  formats.set(key, made)
  return made
}

/** Minor units a currency has to one major unit: 100 for EUR, 1 for JPY, 1000 for KWD. */
export function minorUnits(currency: string): number {
  const digits = format('en', currency).resolvedOptions().maximumFractionDigits ?? 2
  return 10 ** digits
}

/** `amount` is in the currency's minor unit. */
export function formatMoney({ amount, currency }: Money, locale: string): string {
  return format(locale, currency).format(amount / minorUnits(currency))
}

/** The sum, or nothing where there is nothing to add or the currencies differ. */
export function sumMoney(parts: readonly Money[]): Money | undefined {
  const [first] = parts
  if (!first || parts.some((part) => part.currency !== first.currency)) return undefined
  return { amount: parts.reduce((sum, part) => sum + part.amount, 0), currency: first.currency }
}

export function timesMoney(price: Money, count: number): Money {
  return { amount: price.amount * count, currency: price.currency }
}
