import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { isProblem } from '../../api/problem'
import { useLocale } from '../../i18n'
import { formatTime } from '../../lib/time'
import { buttonClass } from '../../ui/Button'
import { EventTime } from '../../ui/EventTime'
import { Icon } from '../../ui/Icon'
import { Money } from '../../ui/Money'
import { EmptyState } from '../../ui/State'
import { useOrganizer } from '../frame/context'
import { Head, Part } from '../kit/Head'
import { List } from '../kit/List'
import { Meter } from '../kit/Meter'
import { Stat, Stats } from '../kit/Stat'
import { EventStatus } from '../kit/Status'
import { netOf, takingsOf } from '../sales'
import type { OwnEvent } from '../types'
import { attentionTo } from './attention'
import styles from './Overview.module.css'
import { todayQuery } from './today'
import { useStock } from './useStock'

/** The first look of the day: what sells, what sold, what wants a hand. */
export function OverviewPage() {
  const { t } = useTranslation('organizer')
  const locale = useLocale()
  const here = useOrganizer()
  const stock = useStock(here.id)
  const now = Date.now()
  const selling = stock.events
    .filter(({ status, state }) => state !== 'draft' && (status === 'on_sale' || status === 'presale'))
    .sort((a, b) => Date.parse(a.startsAt) - Date.parse(b.startsAt))
  const wanting = attentionTo(stock.events, now, stock.left)
  return (
    <>
      <Head
        title={t('overview.title')}
        over={formatTime(new Date(now).toISOString(), locale, 'day')}
        actions={
          here.may('createEvents') && (
            <Link
              to="/organizer/$org/events/new"
              params={{ org: here.id }}
              className={buttonClass({ variant: 'primary' })}
            >
              {t('overview.newEvent')}
            </Link>
          )
        }
      />
      {here.may('seeOrders') && <Today selling={selling.length} />}
      <List
        query={stock.query}
        empty={
          stock.events.length === 0 && (
            <EmptyState icon="calendar" title={t('overview.empty')}>
              {t('overview.emptyText')}
            </EmptyState>
          )
        }
      >
        <div className={styles.columns}>
          <Part
            id="selling"
            title={t('overview.selling')}
            note={selling.length > SHOWN ? t('overview.more', { count: selling.length - SHOWN }) : undefined}
          >
            {selling.length === 0 && <p>{t('overview.nothingSells')}</p>}
            <ul className={styles.selling}>
              {selling.slice(0, SHOWN).map((event) => (
                <Selling key={event.id} event={event} stock={stock} />
              ))}
            </ul>
          </Part>
          <Part id="attention" title={t('overview.attention')}>
            {wanting.length === 0 && (
              <p className={styles.calm}>
                <Icon name="check" /> {t('overview.calm')}
              </p>
            )}
            <ul className={styles.wanting}>
              {wanting.slice(0, SHOWN).map(({ event, what }) => (
                <li key={event.id} data-pressing={what === 'tonight' || what === 'noNewDate' || undefined}>
                  <Link to="/organizer/$org/events/$event" params={{ org: here.id, event: event.id }}>
                    {event.name}
                  </Link>
                  <span>
                    <EventTime at={event.startsAt} zone={stock.venueOf(event)?.timeZone ?? 'UTC'} />
                  </span>
                  <strong>{t(`attention.${what}`)}</strong>
                </li>
              ))}
            </ul>
          </Part>
        </div>
      </List>
    </>
  )
}

/** As many as one takes in at a look. */
const SHOWN = 8

function Selling({ event, stock }: { event: OwnEvent; stock: ReturnType<typeof useStock> }) {
  const here = useOrganizer()
  const venue = stock.venueOf(event)
  const left = stock.left(event.id)
  return (
    <li className={styles.row}>
      <div className={styles.what}>
        <Link to="/organizer/$org/events/$event/live" params={{ org: here.id, event: event.id }}>
          {event.name}
        </Link>
        <span className={styles.when}>
          <EventTime at={event.startsAt} zone={venue?.timeZone ?? 'UTC'} />
          {venue && <> · {venue.name}</>}
        </span>
      </div>
      <EventStatus state={event.state} status={event.status} />
      {left !== undefined && <Meter taken={event.capacity - left} capacity={event.capacity} />}
    </li>
  )
}

function Today({ selling }: { selling: number }) {
  const { t } = useTranslation('organizer')
  const locale = useLocale()
  const here = useOrganizer()
  const today = useQuery(todayQuery(here.id))
  const takings = takingsOf(today.data?.orders ?? [])
  const number = new Intl.NumberFormat(locale)
  const sum = (key: 'orders' | 'tickets') =>
    number.format(takings.reduce((total, one) => total + one[key], 0)) +
    (today.data?.isAll === false ? '+' : '')
  const dash = today.isPending || today.isError
  return (
    <>
      <Stats>
        <Stat label={t('overview.onSale')} value={number.format(selling)} />
        <Stat label={t('overview.orders')} value={dash ? '–' : sum('orders')} />
        <Stat label={t('overview.tickets')} value={dash ? '–' : sum('tickets')} />
        {takings.map((one) => (
          <Stat
            key={one.currency}
            label={t('overview.revenue')}
            value={<Money value={netOf(one)} />}
            note={
              one.refunded > 0 && (
                <>
                  {t('overview.refunded')} <Money value={{ amount: one.refunded, currency: one.currency }} />
                </>
              )
            }
          />
        ))}
      </Stats>
      {today.isError && !isProblem(today.error, 'not_allowed') && (
        <p role="status">{t('overview.noSales')}</p>
      )}
    </>
  )
}
