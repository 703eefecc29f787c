import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { EventPage, Order } from '../../api/types'
import { useLocale } from '../../i18n'
import { lineName, placeOf } from '../../lib/seat'
import { formatTime } from '../../lib/time'
import { Button, buttonClass } from '../../ui/Button'
import { EventTime } from '../../ui/EventTime'
import { Money } from '../../ui/Money'
import { Card, Page, PageHead } from '../../ui/Page'
import { ErrorState, Loading, Notice, Skeleton } from '../../ui/State'
import { lookAgainMs } from '../checkout/attempt'
import { bankPage } from '../checkout/PaymentForm'
import { eventQuery, orderQuery } from '../queries'
import { OrderStatus } from './OrderStatus'
import styles from './OrdersPage.module.css'
import { RefundDialog } from './RefundDialog'

const route = getRouteApi('/orders/$orderId')

/** How often an order that is not settled, or whose refund is on its way, is looked at again. */
const LOOK_MS = 3_000

const moves = (order: Order) =>
  order.status === 'pending' ||
  order.status === 'needs_buyer' ||
  order.refunds.some(({ status }) => status === 'refunding')

export function OrderPage() {
  const { t } = useTranslation('orders')
  const { orderId } = route.useParams()
  const { placed } = route.useSearch()
  const order = useQuery({
    ...orderQuery(orderId),
    refetchInterval: ({ state }) =>
      state.data && moves(state.data) ? Math.max(LOOK_MS, lookAgainMs(state.error)) : false,
  })
  const eventId = order.data?.events[0]
  const { data: event } = useQuery({ ...eventQuery(eventId ?? ''), enabled: eventId !== undefined })
  return (
    <Page title={event?.name ?? t('order')} narrow>
      {order.isPending && (
        <Loading>
          <Skeleton block="4rem" />
          <Skeleton lines={6} />
        </Loading>
      )}
      {order.isError && !order.data && (
        <ErrorState isPage error={order.error} onRetry={() => order.refetch()} />
      )}
      {order.data && (
        <Shown
          order={order.data}
          event={event}
          placed={placed === true && order.data.status === 'completed'}
        />
      )}
    </Page>
  )
}

function Shown({ order, event, placed }: { order: Order; event: EventPage | undefined; placed: boolean }) {
  const { t } = useTranslation('orders')
  const locale = useLocale()
  const [returning, setReturning] = useState(false)
  const live = order.tickets.filter(({ status }) => status === 'issued')
  return (
    <>
      {placed ? (
        <section className={styles.placed} role="status">
          <h1>{t('going')}</h1>
          <p>{t('goingText', { count: order.tickets.length, name: event?.name ?? '' })}</p>
          <p className={styles.buttons}>
            <Link to="/tickets" className={buttonClass({ variant: 'primary', size: 'l' })}>
              {t('toTickets')}
            </Link>
          </p>
        </section>
      ) : (
        <PageHead title={event?.name ?? t('order')} />
      )}
      {order.nextAction && (
        <Notice tone="warn">
          <p>{t('needsBuyer')}</p>
          <a href={bankPage(order.nextAction.url, `/orders/${order.id}`)}>{t('toBank')}</a>
        </Notice>
      )}
      <Card>
        <div className={styles.head}>
          <h2 className={styles.sub}>{t('order')}</h2>
          <OrderStatus status={order.status} />
        </div>
        <ul className={styles.small}>
          <li>{t('placed', { time: formatTime(order.placedAt, locale, 'long') })}</li>
          {event && (
            <>
              <li>
                <EventTime at={event.startsAt} zone={event.timeZone} withViewer />
              </li>
              <li>
                {event.venue.name}, {event.venue.city}
              </li>
            </>
          )}
          {order.attendee && (
            <li>
              {t('attendee', { who: [order.attendee.name, order.attendee.email].filter(Boolean).join(', ') })}
            </li>
          )}
        </ul>
        <ul className={styles.lines}>
          {order.lines.map((line, index) => (
            <li key={`${index} ${line.description}`}>
              <span>{lineName(line, t)}</span>
              <Money value={line.amount} />
            </li>
          ))}
          <li className={styles.sum}>
            <span>{t('total')}</span>
            <Money value={order.total} />
          </li>
          {order.refunds.map((refund, index) => (
            <li key={`${index} ${refund.requestedAt}`}>
              <span>
                {t(`refund.${refund.status}` as 'refund.refunded')} ·{' '}
                {formatTime(refund.requestedAt, locale, 'short')}
              </span>
              <span>
                −<Money value={refund.amount} />
              </span>
            </li>
          ))}
        </ul>
      </Card>
      <Card>
        <h2 className={styles.sub}>{t('places')}</h2>
        <ul className={styles.lines}>
          {order.tickets.map((ticket) => (
            <li key={ticket.id}>
              <span>{placeOf(ticket, t)}</span>
              <span className={styles.small}>{t(`ticket.${ticket.status}` as 'ticket.issued')}</span>
            </li>
          ))}
        </ul>
        {live.length > 0 && (
          <div className={styles.buttons}>
            {!placed && (
              <Link to="/tickets" className={buttonClass({ variant: 'primary' })}>
                {t('toTickets')}
              </Link>
            )}
            <Button onClick={() => setReturning(true)}>{t('giveBack')}</Button>
          </div>
        )}
      </Card>
      <details>
        <summary>{t('proof')}</summary>
        <p className={styles.code}>{order.id}</p>
        <p className={styles.code}>{order.transactionId}</p>
      </details>
      {returning && <RefundDialog order={order} onClose={() => setReturning(false)} />}
    </>
  )
}
