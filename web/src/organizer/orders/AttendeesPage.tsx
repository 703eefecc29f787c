import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { placeOf } from '../../lib/seat'
import { Button } from '../../ui/Button'
import { Field, Select } from '../../ui/Field'
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
import { type AttendeeFilter, type AttendeeStatus, attendeesQuery, readAttendees } from '../queries'
import { CheckIns } from './CheckIns'
import { wantedOf } from './wanted'

const STATUSES = ['issued', 'used', 'refunded', 'revoked'] as const

/** Who comes, and who is inside. */
export function AttendeesPage() {
  const { t } = useTranslation('organizerOrders')
  const here = useOrganizer()
  const { event } = useEvent()
  const [status, setStatus] = useState<AttendeeStatus>()
  const [typed, setTyped] = useState('')
  const [fault, setFault] = useState('')
  // What is personal stands in no address.
  const [wanted, setWanted] = useState<Omit<AttendeeFilter, 'status'>>({})
  const filter = { ...wanted, ...(status && { status }) }
  const tickets = useInfiniteQuery(attendeesQuery(here.id, event.id, filter))
  const found = tickets.data?.pages.flatMap((page) => page.items) ?? []
  const isNarrowed = Object.keys(filter).length > 0
  const find = (submitted: FormEvent) => {
    submitted.preventDefault()
    const meant = wantedOf(typed)
    if (!meant) return setFault(t('find.noTicket'))
    setWanted(meant)
  }
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
              'name',
              'email',
              'email_verified',
            ]}
            read={(cursor) => readAttendees(here.id, event.id, filter, cursor, undefined)}
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
              ticket.holder.name,
              ticket.holder.email,
              ticket.holder.email && String(ticket.holder.emailVerified),
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
          <form className={kit.toolbar} onSubmit={find} noValidate>
            <Field
              label={t('find.ticket')}
              hint={t('find.emailHint')}
              value={typed}
              autoComplete="off"
              spellCheck={false}
              error={fault}
              onChange={(change) => {
                setTyped(change.target.value)
                setFault('')
              }}
            />
            <Button type="submit">{t('find.find')}</Button>
          </form>
        </div>
        <List
          query={tickets}
          empty={
            found.length === 0 && (
              <EmptyState icon="person" title={t(isNarrowed ? 'find.noAttendee' : 'nobody')}>
                {t(isNarrowed ? 'find.nothingText' : 'nobodyText')}
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
                key: 'holder',
                head: t('column.holder'),
                cell: ({ holder }) =>
                  holder.erased ? (
                    <span className={kit.note}>{t('erased')}</span>
                  ) : (
                    <>
                      {holder.name} <span className={kit.note}>{holder.email}</span>{' '}
                      {holder.email && !holder.emailVerified && (
                        <span className={kit.note}>({t('unverified')})</span>
                      )}
                    </>
                  ),
              },
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
