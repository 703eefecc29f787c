import { useInfiniteQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Order } from '../../api/types'
import { useLocale } from '../../i18n'
import { formatTime } from '../../lib/time'
import { Button } from '../../ui/Button'
import { Field, Select } from '../../ui/Field'
import { Money } from '../../ui/Money'
import { EmptyState } from '../../ui/State'
import { useOrganizer } from '../frame/context'
import { Export } from '../kit/Export'
import { Head } from '../kit/Head'
import kit from '../kit/kit.module.css'
import { List } from '../kit/List'
import { OrderStatus } from '../kit/Status'
import { Table } from '../kit/Table'
import { useStock } from '../overview/useStock'
import { ordersQuery, readOrders } from '../queries'
import { OrderFilters } from './OrderFilters'
import type { OrderSearch } from './search'

const route = getRouteApi('/organizer/$org/orders/')
const ORDER_ID = /^ord_[0-9a-z]{26}$/

/** What was bought, newest first. */
export function OrdersPage() {
  const { t } = useTranslation('organizerOrders')
  const locale = useLocale()
  const here = useOrganizer()
  const search = route.useSearch()
  const { event } = search
  const [email, setEmail] = useState<string>()
  const filter = { ...search, ...(email && { email }) }
  const navigate = route.useNavigate()
  const stock = useStock(here.id)
  const orders = useInfiniteQuery(ordersQuery(here.id, filter))
  const [id, setId] = useState('')
  const [fault, setFault] = useState('')
  const found = orders.data?.pages.flatMap((page) => page.items) ?? []
  const isNarrowed = Object.values(filter).some(Boolean)
  const events = stock.events.toSorted((a, b) => Date.parse(a.startsAt) - Date.parse(b.startsAt))
  const nameOf = (order: Order) => {
    const ids = [...new Set(order.tickets.map((ticket) => ticket.eventId))]
    return ids.map((one) => stock.events.find((known) => known.id === one)?.name ?? one).join(', ')
  }
  const narrow = (next: OrderSearch) => navigate({ search: next, replace: true, viewTransition: false })
  const open = (submitted: FormEvent) => {
    submitted.preventDefault()
    const order = id.trim()
    if (!ORDER_ID.test(order)) return setFault(t('noOrderId'))
    void navigate({ to: '/organizer/$org/orders/$order', params: { org: here.id, order } })
  }
  return (
    <>
      <Head
        title={t('title')}
        actions={
          <Export
            name={`orders-${event ?? here.id}.csv`}
            head={[
              'order',
              'placed_at',
              'status',
              'tickets',
              'seats',
              'total',
              'refunded',
              'currency',
              'event',
            ]}
            read={(cursor) => readOrders(here.id, filter, cursor, undefined)}
            row={(order) => [
              order.id,
              order.placedAt,
              order.status,
              order.tickets.length,
              order.tickets.map(({ seat }) => seat).join(' '),
              order.total.amount,
              order.refunded.amount,
              order.total.currency,
              nameOf(order),
            ]}
          />
        }
      />
      <div className={kit.toolbar}>
        <Select
          label={t('byEvent')}
          value={event ?? ''}
          onChange={(choice) => narrow({ ...search, event: choice.target.value || undefined })}
        >
          <option value="">{t('allEvents')}</option>
          {events.map((one) => (
            <option key={one.id} value={one.id}>
              {one.name}, {formatTime(one.startsAt, locale, 'short', stock.venueOf(one)?.timeZone)}
            </option>
          ))}
        </Select>
        <form className={kit.toolbar} onSubmit={open} noValidate>
          <Field
            label={t('byId')}
            value={id}
            placeholder="ord_…"
            autoComplete="off"
            spellCheck={false}
            error={fault}
            onChange={(change) => {
              setId(change.target.value)
              setFault('')
            }}
          />
          <Button type="submit">{t('open')}</Button>
        </form>
      </div>
      <OrderFilters
        search={search}
        onSearch={narrow}
        {...(here.may('seeTicket') && { email, onEmail: setEmail })}
      />
      <List
        query={orders}
        empty={
          found.length === 0 && (
            <EmptyState icon="ticket" title={t(isNarrowed ? 'find.nothing' : 'none')}>
              {t(isNarrowed ? 'find.nothingText' : 'noneText')}
            </EmptyState>
          )
        }
      >
        <Table
          caption={t('title')}
          rows={found}
          rowKey={(order) => order.id}
          columns={[
            {
              key: 'placed',
              head: t('column.placed'),
              heading: true,
              cell: (order) => (
                <Link
                  to="/organizer/$org/orders/$order"
                  params={{ org: here.id, order: order.id }}
                  aria-label={t('openOrder', {
                    time: formatTime(order.placedAt, locale, 'short'),
                    id: order.id.slice(-6),
                  })}
                >
                  {formatTime(order.placedAt, locale, 'short')}
                </Link>
              ),
            },
            { key: 'event', head: t('column.event'), cell: nameOf },
            {
              key: 'tickets',
              head: t('column.tickets'),
              numeric: true,
              cell: (order) => order.tickets.length,
            },
            {
              key: 'total',
              head: t('column.total'),
              numeric: true,
              cell: (order) => <Money value={order.total} />,
            },
            {
              key: 'refunded',
              head: t('column.refunded'),
              numeric: true,
              cell: (order) => order.refunded.amount > 0 && <Money value={order.refunded} />,
            },
            {
              key: 'status',
              head: t('column.status'),
              cell: (order) => <OrderStatus status={order.status} />,
            },
            {
              key: 'id',
              head: t('column.id'),
              cell: (order) => <span className={kit.code}>…{order.id.slice(-6)}</span>,
            },
          ]}
        />
      </List>
    </>
  )
}
