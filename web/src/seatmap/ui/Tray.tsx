import { useTranslation } from 'react-i18next'
import { useLocale } from '../../i18n'
import { formatMoney, sumMoney } from '../../lib/money'
import { Button } from '../../ui/Button'
import { Icon } from '../../ui/Icon'
import { sectionOf } from '../engine/plan'
import type { Describer, T } from './describe'
import styles from './Tray.module.css'
import type { Choice } from './useChoice'
import type { LiveMap } from './useSeatMap'

type Props = { map: LiveMap; describer: Describer; t: T; choice: Choice; max: number }

/** What is picked, with what it costs and what to know about it. */
export function Tray({ map, describer, t, choice, max }: Props) {
  const locale = useLocale()
  const { t: common } = useTranslation()
  const seats = [...choice.picked]
  const total = sumMoney(seats.flatMap((seat) => describer.prices[map.plan.level[seat]!] ?? []))
  if (seats.length === 0 && choice.hints.length === 0) return null
  return (
    <section className={styles.tray} aria-label={t('tray.title')}>
      {choice.hints.map((hint) => (
        <div key={hint.kind} className={styles.hint} data-kind={hint.kind}>
          <Icon name="alert" size={18} />
          <p>{hint.text}</p>
          {hint.seat !== undefined && (
            <Button size="s" onClick={() => hint.seat !== undefined && choice.toggle(hint.seat)}>
              {t('hint.take')}
            </Button>
          )}
        </div>
      ))}
      {seats.length > 0 && (
        <div className={styles.row}>
          <ul className={styles.seats}>
            {seats.map((seat) => (
              <li key={seat}>
                <span>
                  <strong>{describer.inSection(seat)}</strong>
                  <span className={styles.section}>{describer.section(sectionOf(map.plan, seat))}</span>
                </span>
                <span className={styles.price}>{describer.price(seat)}</span>
                <button
                  type="button"
                  aria-label={`${common('action.delete')}: ${describer.seat(seat)}`}
                  onClick={() => choice.toggle(seat)}
                >
                  <Icon name="close" size={16} />
                </button>
              </li>
            ))}
          </ul>
          <p className={styles.total}>
            <span>{t('tray.count', { count: seats.length, max })}</span>
            {total && <strong>{formatMoney(total, locale)}</strong>}
          </p>
        </div>
      )}
    </section>
  )
}
