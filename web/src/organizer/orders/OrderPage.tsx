import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Order } from '../../api/types'
import { useLocale } from '../../i18n'
import { lineName, placeOf } from '../../lib/seat'
import { formatTime } from '../../lib/time'
import { Button } from '../../ui/Button'
import { Money } from '../../ui/Money'
import { useOrganizer } from '../frame/context'
import { Head, Part } from '../kit/Head'
import kit from '../kit/kit.module.css'
import { Ready } from '../kit/List'
import { OrderStatus, TicketStatus } from '../kit/Status'
import { Table } from '../kit/Table'
import { orderQuery } from '../queries'
import styles from './Orders.module.css'
import { RefundDialog } from './RefundDialog'
import { canRefund, isRefundable } from './refundable'
import { TicketDialog } from './TicketDialog'

const route = getRouteApi('/organizer/$org/orders/$order')

/** One order: what it is made of, what went back, and the way to give more back. */
export function OrderPage() {
  const { order: id } = route.useParams()
  const here = useOrganizer()
  const order = useQuery(orderQuery(here.id, id))
  return <Ready query={order}>{order.data && <Loaded order={order.data} />}</Ready>
}

function Loaded({ order }: { order: Order }) {
  const { t } = useTranslation('organizerOrders')
  const locale = useLocale()
  const here = useOrganizer()
  const [isRefunding, setRefunding] = useState(false)
  const [ticket, setTicket] = useState<string>()
  return (
    <>
      <Head
        title={t('order', { id: order.id.slice(-6) })}
        over={
          <Link to="/organizer/$org/orders" params={{ org: here.id }}>
            {t('title')}
          </Link>
        }
        actions={
          here.may('refund') &&
          canRefund(order) && (
            <Button variant="primary" onClick={() => setRefunding(true)}>
              {t('refund.do')}
            </Button>
          )
        }
      >
        <OrderStatus status={order.status} /> {formatTime(order.placedAt, locale, 'long')}
      </Head>
      <div className={styles.columns}>
        <Part id="tickets" title={t('tickets')}>
          <Table
            caption={t('tickets')}
            rows={order.tickets}
            rowKey={(one) => one.id}
            columns={[
              {
                key: 'seat',
                head: t('column.seat'),
                heading: true,
                cell: (one) =>
                  here.may('seeTicket') ? (
                    <button type="button" className={styles.open} onClick={() => setTicket(one.id)}>
                      {placeOf(one, t)}
                    </button>
                  ) : (
                    placeOf(one, t)
                  ),
              },
              {
                key: 'status',
                head: t('column.status'),
                cell: (one) => <TicketStatus status={one.status} />,
              },
              {
                key: 'id',
                head: t('column.id'),
                cell: (one) => <span className={kit.code}>…{one.id.slice(-6)}</span>,
              },
            ]}
          />
        </Part>
        <Part id="money" title={t('money')}>
          <dl className={styles.bill}>
            {order.lines.map((line, index) => (
              <div key={index}>
                <dt>{lineName(line, t)}</dt>
                <dd>
                  <Money value={line.amount} />
                </dd>
              </div>
            ))}
            <div className={styles.total}>
              <dt>{t('column.total')}</dt>
              <dd>
                <Money value={order.total} />
              </dd>
            </div>
            {order.refunds.map((refund) => (
              <div key={refund.requestedAt}>
                <dt>
                  {t(`refund.status.${refund.status}`)}, {formatTime(refund.requestedAt, locale, 'short')}
                </dt>
                <dd>
                  <Money value={{ amount: -refund.amount.amount, currency: refund.amount.currency }} />
                </dd>
              </div>
            ))}
          </dl>
        </Part>
        <Part id="details" title={t('details')}>
          <dl className={kit.facts}>
            <dt>{t('fact.order')}</dt>
            <dd className={kit.code}>{order.id}</dd>
            <dt>{t('fact.transaction')}</dt>
            <dd className={kit.code}>{order.transactionId}</dd>
            {order.attendee && (
              <>
                <dt>{t('fact.attendee')}</dt>
                <dd>{[order.attendee.name, order.attendee.email].filter(Boolean).join(', ')}</dd>
              </>
            )}
          </dl>
        </Part>
      </div>
      {isRefunding && (
        <RefundDialog
          order={order}
          refundable={order.tickets.filter(isRefundable)}
          onClose={() => setRefunding(false)}
        />
      )}
      {ticket && <TicketDialog ticket={ticket} onClose={() => setTicket(undefined)} />}
    </>
  )
}
