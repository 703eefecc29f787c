import type { Money as Amount } from '../api/types'
import { useLocale } from '../i18n'
import { formatMoney } from '../lib/money'

export function Money({ value }: { value: Amount }) {
  return <>{formatMoney(value, useLocale())}</>
}
