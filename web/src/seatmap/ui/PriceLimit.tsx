import { useId } from 'react'
import { useLocale } from '../../i18n'
import { formatMoney } from '../../lib/money'
import type { Filter } from '../engine/filter'
import type { Describer, T } from './describe'
import styles from './PriceLimit.module.css'

type Props = { describer: Describer; t: T; filter: Filter; onFilter: (filter: Filter) => void }

/** How much a seat may cost: from price to price as the event has them, the dearest for all. */
export function PriceLimit({ describer, t, filter, onFilter }: Props) {
  const id = useId()
  const locale = useLocale()
  const prices = [
    ...new Map(describer.prices.flatMap((price) => (price ? [[price.amount, price]] : []))).values(),
  ].sort((one, other) => one.amount - other.amount)
  const last = prices.length - 1
  if (last < 1) return null
  const limit = filter.priceMax ?? Infinity
  const at = Math.max(
    0,
    prices.findLastIndex(({ amount }) => amount <= limit),
  )
  const shown = formatMoney(prices[at]!, locale)
  return (
    <div className={styles.limit}>
      <label htmlFor={id}>{t('filter.upTo')}</label>
      <input
        id={id}
        type="range"
        min={0}
        max={last}
        step={1}
        value={at}
        aria-valuetext={shown}
        style={{ '--share': at / last } as React.CSSProperties}
        onChange={({ target }) => {
          const next = Number(target.value)
          onFilter({ ...filter, priceMax: next === last ? undefined : prices[next]!.amount })
        }}
      />
      <output htmlFor={id} aria-hidden="true">
        {shown}
      </output>
    </div>
  )
}
