import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import type { Order } from '../../api/types'
import { useLocale } from '../../i18n'
import { formatTime } from '../../lib/time'
import { Button, buttonClass } from '../../ui/Button'
import { Money } from '../../ui/Money'
import { Page, PageHead } from '../../ui/Page'
import { EmptyState, ErrorState, Loading, Skeleton } from '../../ui/State'
import { EventArt } from '../art/EventArt'
import { eventQuery, ordersQuery } from '../queries'
import { OrderStatus } from './OrderStatus'
import styles from './OrdersPage.module.css'

export function OrdersPage() {
  const { t } = useTranslation('orders')
  const orders = useInfiniteQuery(ordersQuery)
  const found = orders.data?.pages.flatMap((page) => page.items) ?? []
  return (
    <Page title={t('title')} narrow>
      <PageHead title={t('title')} />
      {orders.isPending && (
        <Loading>
          <Skeleton lines={4} block="5.5rem" />
        </Loading>
      )}
      {orders.isError && !orders.data && <ErrorState error={orders.error} onRetry={() => orders.refetch()} />}
      {orders.isSuccess && found.length === 0 && (
        <EmptyState
          icon="print"
          title={t('none')}
          action={
            <Link to="/" className={buttonClass({ variant: 'primary' })}>
              {t('common:state.goHome')}
            </Link>
          }
        >
          {t('noneText')}
        </EmptyState>
      )}
      <ul className={styles.orders}>
        {found.map((order) => (
          <OrderLine key={order.id} order={order} />
        ))}
      </ul>
      {orders.hasNextPage && (
        <Button busy={orders.isFetchingNextPage} onClick={() => orders.fetchNextPage()}>
          {t('common:action.showMore')}
        </Button>
      )}
    </Page>
  )
}

function OrderLine({ order }: { order: Order }) {
  const { t } = useTranslation('orders')
  const locale = useLocale()
  const eventId = order.events[0]
  const { data: event } = useQuery({ ...eventQuery(eventId ?? ''), enabled: eventId !== undefined })
  return (
    <li className={styles.order}>
      <div className={styles.art}>{event && <EventArt seed={event.name} type={event.type} />}</div>
      <div className={styles.text}>
        <h2 className={styles.name}>
          <Link to="/orders/$orderId" params={{ orderId: order.id }} search={{}} className={styles.link}>
            {event?.name ?? t('order')}
          </Link>
        </h2>
        <p className={styles.small}>
          {t('placed', { time: formatTime(order.placedAt, locale, 'short') })}
          {order.tickets.length > 0 && ` · ${t('tickets', { count: order.tickets.length })}`}
        </p>
        <p className={styles.foot}>
          <strong>
            <Money value={order.total} />
          </strong>
          <OrderStatus status={order.status} />
        </p>
      </div>
    </li>
  )
}
