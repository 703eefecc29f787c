import { useTranslation } from 'react-i18next'
import type { EventPage, Money } from '../../api/types'
import { useLocale } from '../../i18n'
import { formatMoney, sumMoney } from '../../lib/money'
import { Button } from '../../ui/Button'
import { Checkbox } from '../../ui/Field'
import { Icon } from '../../ui/Icon'
import { idOf, sectionOf } from '../engine/plan'
import type { Describer, T } from './describe'
import styles from './Tray.module.css'
import type { Choice, Hint } from './useChoice'
import type { LiveMap } from './useSeatMap'

/** What may be done with what is picked, from below the map. */
export interface Purchase {
  /** Key of the ticket type by the seat's id; the full price unless given. */
  readonly types: Readonly<Record<string, string>>
  readonly onType: (seat: string, type: string) => void
  /** Somebody needs one of the places that are kept for who does. */
  readonly accessible: boolean
  readonly onAccessible: (needed: boolean) => void
  readonly onHold: () => void
  readonly isHolding: boolean
  /** Why the last hold was refused. It is announced elsewhere on the page. */
  readonly refusal: { readonly code: string; readonly text: string } | undefined
}

type Props = {
  map: LiveMap
  event: Pick<EventPage, 'ticketTypes'>
  describer: Describer
  t: T
  choice: Choice
  max: number
  purchase: Purchase | undefined
}

/** What is picked, with what it costs, what to know about it, and the way on. */
export function Tray({ map, event, describer, t, choice, max, purchase }: Props) {
  const locale = useLocale()
  const { t: common } = useTranslation()
  const seats = [...choice.picked].map((seat) => ({ seat, id: idOf(map.plan, seat) }))
  const kinds = purchase ? event.ticketTypes : []
  const priceOf = (seat: number, id: string): Money | undefined => {
    const level = map.plan.level[seat]!
    const kind = kinds.find(({ key }) => key === purchase?.types[id])
    return kind?.prices[map.plan.levels[level]!.key] ?? describer.prices[level]
  }
  const total = sumMoney(seats.flatMap(({ seat, id }) => priceOf(seat, id) ?? []))
  const isHinted = (kind: Hint['kind']) => choice.hints.some((hint) => hint.kind === kind)
  const refusal = purchase?.refusal
  // What a hint says already, with the way out of it, is not said twice.
  const isRefused = refusal && !isHinted('taken') && !(refusal.code === 'orphan_seat' && isHinted('orphan'))
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
      {isRefused && (
        <div className={styles.hint} data-kind="taken">
          <Icon name="alert" size={18} />
          <p>{refusal.text}</p>
        </div>
      )}
      {purchase && isHinted('special') && (
        <Checkbox
          label={t('tray.accessible')}
          checked={purchase.accessible}
          onChange={(change) => purchase.onAccessible(change.target.checked)}
        />
      )}
      {seats.length > 0 && (
        <div className={styles.row}>
          <ul className={styles.seats}>
            {seats.map(({ seat, id }) => {
              const price = priceOf(seat, id)
              return (
                <li key={id}>
                  <span className={styles.place}>
                    <strong>{describer.inSection(seat)}</strong>
                    <span className={styles.about}>
                      <span className={styles.price}>
                        {price ? formatMoney(price, locale) : t('noPrice')}
                      </span>{' '}
                      {describer.section(sectionOf(map.plan, seat))}
                    </span>
                  </span>
                  {purchase && kinds.length > 1 && (
                    <select
                      aria-label={t('tray.typeOf', { seat: describer.seat(seat) })}
                      value={purchase.types[id] ?? 'standard'}
                      onChange={(change) => purchase.onType(id, change.target.value)}
                    >
                      {kinds.map(({ key, name }) => (
                        <option key={key} value={key}>
                          {key === 'standard' ? t('tray.standard') : name}
                        </option>
                      ))}
                    </select>
                  )}
                  <button
                    type="button"
                    aria-label={`${common('action.delete')}: ${describer.seat(seat)}`}
                    onClick={() => choice.toggle(seat)}
                  >
                    <Icon name="close" size={16} />
                  </button>
                </li>
              )
            })}
          </ul>
          <div className={styles.end}>
            <p className={styles.total}>
              <span>{t('tray.count', { count: seats.length, max })}</span>
              {total && <strong>{formatMoney(total, locale)}</strong>}
            </p>
            {purchase && (
              <Button variant="primary" size="l" busy={purchase.isHolding} onClick={purchase.onHold}>
                {t('tray.hold', { count: seats.length })}
              </Button>
            )}
          </div>
        </div>
      )}
    </section>
  )
}
