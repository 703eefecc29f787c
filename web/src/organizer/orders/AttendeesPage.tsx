import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Select } from '../../ui/Field'
import { Money } from '../../ui/Money'
import { EmptyState } from '../../ui/State'
import { useEvent } from '../events/EventFrame'
import { useOrganizer } from '../frame/context'
import { Export } from '../kit/Export'
import { Part } from '../kit/Head'
import kit from '../kit/kit.module.css'
import { List } from '../kit/List'
import { TicketStatus } from '../kit/Status'
import { Table } from '../kit/Table'
import { type AttendeeStatus, attendeesQuery, readAttendees } from '../queries'
import { CheckIns } from './CheckIns'

const STATUSES = ['issued', 'used', 'refunded', 'revoked'] as const

/** Who comes, and who is inside. */
export function AttendeesPage() {
  const { t } = useTranslation('organizerOrders')
  const here = useOrganizer()
  const { event } = useEvent()
  const [status, setStatus] = useState<AttendeeStatus>()
  const tickets = useInfiniteQuery(attendeesQuery(here.id, event.id, status))
  const found = tickets.data?.pages.flatMap((page) => page.items) ?? []
  return (
    <>
      {here.may('seeAttendance', event.id) && <CheckIns />}
      <Part
        id="attendees"
        title={t('attendees')}
        actions={
          <Export
            name={`attendees-${event.id}.csv`}
            head={[
              'ticket',
              'order',
              'section',
              'row',
              'seat',
              'level',
              'type',
              'status',
              'face_value',
              'currency',
              'issued_at',
            ]}
            read={(cursor) => readAttendees(here.id, event.id, status, cursor, undefined)}
            row={(ticket) => [
              ticket.id,
              ticket.orderId,
              ticket.section,
              ticket.row,
              ticket.label,
              ticket.levelName,
              ticket.ticketType,
              ticket.status,
              ticket.faceValue.amount,
              ticket.faceValue.currency,
              ticket.issuedAt,
            ]}
          />
        }
      >
        <div className={kit.toolbar}>
          <Select
            label={t('column.status')}
            value={status ?? ''}
            onChange={(choice) => setStatus((choice.target.value || undefined) as AttendeeStatus | undefined)}
          >
            <option value="">{t('everyStatus')}</option>
            {STATUSES.map((one) => (
              <option key={one} value={one}>
                {t(`organizer:ticketStatus.${one}`)}
              </option>
            ))}
          </Select>
        </div>
        <List
          query={tickets}
          empty={
            found.length === 0 && (
              <EmptyState icon="person" title={t('nobody')}>
                {t('nobodyText')}
              </EmptyState>
            )
          }
        >
          <Table
            caption={t('attendees')}
            rows={found}
            rowKey={(ticket) => ticket.id}
            columns={[
              { key: 'seat', head: t('column.seat'), heading: true, cell: (ticket) => placeOf(ticket, t) },
              {
                key: 'level',
                head: t('column.level'),
                cell: (ticket) => `${ticket.levelName}, ${ticket.ticketType}`,
              },
              {
                key: 'face',
                head: t('fact.faceValue'),
                numeric: true,
                cell: (ticket) => <Money value={ticket.faceValue} />,
              },
              {
                key: 'status',
                head: t('column.status'),
                cell: (ticket) => <TicketStatus status={ticket.status} />,
              },
              {
                key: 'order',
                head: t('column.order'),
                cell: (ticket) =>
                  here.may('seeOrders') ? (
                    <Link
                      to="/organizer/$org/orders/$order"
                      params={{ org: here.id, order: ticket.orderId }}
                      className={kit.code}
                    >
                      …{ticket.orderId.slice(-6)}
                    </Link>
                  ) : (
                    <span className={kit.code}>…{ticket.orderId.slice(-6)}</span>
                  ),
              },
            ]}
          />
        </List>
      </Part>
    </>
  )
}

type Place = { section: string; row?: string | null; label?: string | null }

function placeOf(
  { section, row, label }: Place,
  t: (key: string, values: Record<string, string>) => string,
): string {
  return row && label ? t('place', { section, row, seat: label }) : section
}
