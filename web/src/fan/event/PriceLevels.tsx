import { useTranslation } from 'react-i18next'
import type { EventPage } from '../../api/types'
import { useLocale } from '../../i18n'
import { EventTime } from '../../ui/EventTime'
import { Money } from '../../ui/Money'
import styles from './PriceLevels.module.css'

/** The offer as a table: what each level costs whom, and what is left of it. */
export function PriceLevels({ event }: { event: EventPage }) {
  const { t } = useTranslation('event')
  const locale = useLocale()
  const kinds = event.ticketTypes.filter((kind) => event.priceLevels.some((level) => kind.prices[level.key]))
  return (
    <section className={styles.section} aria-labelledby="prices">
      <h2 id="prices">{t('prices')}</h2>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls sideways must be reachable by keys */}
      <section className={styles.scroll} tabIndex={0} aria-label={t('priceTable')}>
        <table>
          <thead>
            <tr>
              <th scope="col">{t('level')}</th>
              {kinds.map((kind) => (
                <th key={kind.key} scope="col" className={styles.number}>
                  {kind.key === 'standard' ? t('standard') : kind.name}
                </th>
              ))}
              <th scope="col" className={styles.number}>
                {t('left')}
              </th>
            </tr>
          </thead>
          <tbody>
            {event.priceLevels.map((level, index) => (
              <tr key={level.id}>
                <th scope="row">
                  <span className={styles.level}>
                    <span className={styles.dot} style={{ background: `var(--level-${(index % 6) + 1})` }} />
                    {level.name}
                  </span>
                </th>
                {kinds.map((kind) => {
                  const price = kind.prices[level.key]
                  return (
                    <td key={kind.key} className={styles.number}>
                      {price && <Money value={price} />}
                    </td>
                  )
                })}
                <td className={styles.number}>
                  {level.available === 0 ? t('none') : level.available.toLocaleString(locale)}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      <p className={styles.small}>
        {t('refundsUntil')} <EventTime at={event.refundsUntil} zone={event.timeZone} />.
        {event.barcodes === 'live' && ` ${t('phonesAlone')}`}
      </p>
    </section>
  )
}
