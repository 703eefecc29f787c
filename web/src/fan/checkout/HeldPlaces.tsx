import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import type { EventPage, Hold } from '../../api/types'
import { timesMoney } from '../../lib/money'
import { Money } from '../../ui/Money'
import { availabilityQuery } from '../queries'
import styles from './CheckoutPage.module.css'

/** What is held, as lines with their prices. */
export function HeldPlaces({ holds, event }: { holds: readonly Hold[]; event: EventPage | undefined }) {
  const { t } = useTranslation('checkout')
  const level = (key: string) => event?.priceLevels.find((one) => one.key === key)?.name ?? key
  // A hold names sections by their ids; people know them by their names.
  const { data: availability } = useQuery({
    ...availabilityQuery(event?.id ?? ''),
    enabled: event !== undefined,
    // Only names are taken from it.
    refetchInterval: false,
  })
  const section = (id: string) => availability?.sections.find((one) => one.id === id)?.name ?? id
  const kind = (key: string) =>
    key === 'standard' ? '' : ` · ${event?.ticketTypes.find((one) => one.key === key)?.name ?? key}`
  return (
    <ul className={styles.lines}>
      {holds.flatMap((hold) => [
        ...hold.seats.map((seat) => (
          <li key={seat.id}>
            <span>
              <strong>
                {t('common:place', { section: section(seat.section), row: seat.row, seat: seat.label })}
              </strong>
              <span className={styles.small}>
                {level(seat.level)}
                {kind(seat.ticketType)}
              </span>
            </span>
            <Money value={seat.price} />
          </li>
        )),
        ...hold.areas.map((area) => (
          <li key={`${area.id} ${area.ticketType}`}>
            <span>
              <strong>{t('area', { count: area.quantity, area: area.name })}</strong>
              <span className={styles.small}>
                {level(area.level)}
                {kind(area.ticketType)}
              </span>
            </span>
            <Money value={timesMoney(area.price, area.quantity)} />
          </li>
        )),
      ])}
    </ul>
  )
}
