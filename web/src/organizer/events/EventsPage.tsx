import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { buttonClass } from '../../ui/Button'
import { EventTime } from '../../ui/EventTime'
import { Field, Select } from '../../ui/Field'
import { EmptyState } from '../../ui/State'
import { useOrganizer } from '../frame/context'
import { Head } from '../kit/Head'
import kit from '../kit/kit.module.css'
import { List } from '../kit/List'
import { Meter } from '../kit/Meter'
import { EventStatus } from '../kit/Status'
import { Table } from '../kit/Table'
import { useStock } from '../overview/useStock'
import { GROUPS, type Group, isIn } from './groups'

/** Everything the organizer puts on, by when it is. */
export function EventsPage() {
  const { t } = useTranslation('organizerEvents')
  const here = useOrganizer()
  const stock = useStock(here.id)
  const [words, setWords] = useState('')
  const [group, setGroup] = useState<Group | 'all'>('coming')
  const now = Date.now()
  const wanted = words.trim().toLocaleLowerCase()
  const shown = stock.events
    .filter(
      (event) =>
        (group === 'all' || isIn(event, group, now)) &&
        `${event.name} ${stock.venueOf(event)?.name ?? ''}`.toLocaleLowerCase().includes(wanted),
    )
    .sort((a, b) => (Date.parse(a.startsAt) - Date.parse(b.startsAt)) * (group === 'past' ? -1 : 1))
  return (
    <>
      <Head
        title={t('title')}
        actions={
          here.may('createEvents') && (
            <Link
              to="/organizer/$org/events/new"
              params={{ org: here.id }}
              className={buttonClass({ variant: 'primary' })}
            >
              {t('new')}
            </Link>
          )
        }
      />
      <div className={kit.toolbar}>
        <Field
          type="search"
          label={t('find')}
          value={words}
          onChange={(event) => setWords(event.target.value)}
        />
        <Select label={t('show')} value={group} onChange={(event) => setGroup(event.target.value as Group)}>
          {[...GROUPS, 'all'].map((one) => (
            <option key={one} value={one}>
              {t(`group.${one}`)}
            </option>
          ))}
        </Select>
      </div>
      <p role="status" className="visually-hidden">
        {stock.query.isSuccess && t('found', { count: shown.length })}
      </p>
      <List
        query={stock.query}
        empty={
          shown.length === 0 && (
            <EmptyState icon="calendar" title={t(stock.events.length ? 'nothing' : 'none')}>
              {t(stock.events.length ? 'nothingText' : 'noneText')}
            </EmptyState>
          )
        }
      >
        <Table
          caption={t('title')}
          rows={shown}
          rowKey={(event) => event.id}
          columns={[
            {
              key: 'name',
              head: t('column.event'),
              heading: true,
              cell: (event) => (
                <Link to="/organizer/$org/events/$event" params={{ org: here.id, event: event.id }}>
                  {event.name}
                </Link>
              ),
            },
            {
              key: 'starts',
              head: t('column.starts'),
              cell: (event) => (
                <EventTime at={event.startsAt} zone={stock.venueOf(event)?.timeZone ?? 'UTC'} />
              ),
            },
            { key: 'venue', head: t('column.venue'), cell: (event) => stock.venueOf(event)?.name },
            {
              key: 'status',
              head: t('column.status'),
              cell: (event) => <EventStatus state={event.state} status={event.status} />,
            },
            {
              key: 'taken',
              head: t('column.taken'),
              cell: (event) => {
                const left = stock.left(event.id)
                return left !== undefined && <Meter taken={event.capacity - left} capacity={event.capacity} />
              },
            },
          ]}
        />
      </List>
    </>
  )
}
