import { useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Money as Amount } from '../../api/types'
import { useLocale } from '../../i18n'
import type { Freshness } from '../../live'
import { Money } from '../../ui/Money'
import type { totalOf } from '../sections'
import styles from './Live.module.css'

/** Spoken this often at most: who listens is working on something else. */
const CALM_MS = 30_000

type Props = {
  total: ReturnType<typeof totalOf>
  freshness: Freshness
  /** Face value of what is sold; left out for who may not see it. */
  revenue: Amount | undefined
}

/** The scoreboard of a sale. */
export function Board({ total, freshness, revenue }: Props) {
  const { t } = useTranslation('organizerLive')
  const locale = useLocale()
  const number = new Intl.NumberFormat(locale)
  const percent = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 1 })
  const gone = total.sold + total.taken
  const sellable = total.capacity - total.blocked
  const share = (part: number) => `${total.capacity ? (part / total.capacity) * 100 : 0}%`
  const words = t('said', {
    sold: number.format(gone),
    held: number.format(total.held),
    available: number.format(total.available),
  })
  return (
    <section className={styles.board} aria-label={t('board')}>
      <dl className={styles.numbers}>
        <div className={styles.number} data-lit>
          <dt>{t(total.taken ? 'soldOrHeld' : 'sold')}</dt>
          <dd>{number.format(gone)}</dd>
        </div>
        <div className={styles.number}>
          <dt>{t('held')}</dt>
          <dd>{number.format(total.held)}</dd>
        </div>
        <div className={styles.number}>
          <dt>{t('available')}</dt>
          <dd>{number.format(total.available)}</dd>
        </div>
        {total.blocked > 0 && (
          <div className={styles.number}>
            <dt>{t('blocked')}</dt>
            <dd>{number.format(total.blocked)}</dd>
          </div>
        )}
        {revenue && (
          <div className={styles.number} data-lit>
            <dt>{t('revenue')}</dt>
            <dd>
              <Money value={revenue} />
            </dd>
          </div>
        )}
      </dl>
      <div className={styles.bar} aria-hidden="true">
        <span className={styles.sold} style={{ inlineSize: share(gone) }} />
        <span className={styles.held} style={{ inlineSize: share(total.held) }} />
        <span style={{ inlineSize: share(total.available) }} />
        <span className={styles.blocked} style={{ inlineSize: share(total.blocked) }} />
      </div>
      <div className={styles.fresh}>
        <span className={styles.lamp} data-freshness={freshness}>
          {t(`fresh.${freshness}`)}
        </span>
        <span>
          {t('share', {
            share: percent.format(sellable > 0 ? gone / sellable : 0),
            count: number.format(sellable),
          })}
        </span>
      </div>
      <Calm words={words} />
    </section>
  )
}

/** Says numbers to a screen reader, but never in a rush, and the last ones for certain. */
function Calm({ words }: { words: string }) {
  const [said, setSaid] = useState('')
  const last = useRef(Date.now())
  useEffect(() => {
    const timer = setTimeout(
      () => {
        last.current = Date.now()
        setSaid(words)
      },
      Math.max(0, last.current + CALM_MS - Date.now()),
    )
    return () => clearTimeout(timer)
  }, [words])
  return (
    <p className="visually-hidden" role="status">
      {said}
    </p>
  )
}
