import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useLocale } from '../../i18n'
import { formatTime } from '../../lib/time'
import { Button } from '../../ui/Button'
import { Field, Select } from '../../ui/Field'
import { EmptyState } from '../../ui/State'
import { useOrganizer } from '../frame/context'
import { Export } from '../kit/Export'
import { Head } from '../kit/Head'
import kit from '../kit/kit.module.css'
import { List } from '../kit/List'
import { auditQuery, membersQuery, readAudit } from '../queries'
import type { AuditEntry } from '../types'
import { fromWall, toWall } from '../zones'
import styles from './Audit.module.css'
import { Entry } from './Entry'
import { type AuditFilter, RESULTS } from './search'

const route = getRouteApi('/organizer/$org/audit')
const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone

/** What was done here and what was refused, newest first; nothing in it can be changed. */
export function AuditPage() {
  const { t } = useTranslation('organizerStaff')
  const here = useOrganizer()
  const filter = route.useSearch()
  const navigate = route.useNavigate()
  const log = useInfiniteQuery(auditQuery(here.id, filter))
  const members = useQuery(membersQuery(here.id))
  const found = log.data?.pages.flatMap((page) => page.items) ?? []
  const nameOf = (actor: string) => members.data?.find(({ userId }) => userId === actor)?.email ?? actor
  const filtered = Object.values(filter).some(Boolean)
  return (
    <>
      <Head
        title={t('audit.title')}
        actions={
          <Export
            name={`audit-${here.id}.csv`}
            head={[
              'sequence',
              'at',
              'actor',
              'action',
              'subject',
              'result',
              'address',
              'before',
              'after',
              'hash',
            ]}
            read={(cursor) => readAudit(here.id, filter, cursor, undefined)}
            row={(entry) => [
              entry.sequence,
              entry.at,
              nameOf(entry.actor),
              entry.action,
              entry.subject,
              entry.result,
              entry.address,
              JSON.stringify(entry.before),
              JSON.stringify(entry.after),
              entry.hash,
            ]}
          />
        }
      >
        {t('audit.lead')}
      </Head>
      <details className={styles.filters} open={filtered || undefined}>
        <summary>{t('audit.find')}</summary>
        <Filters
          key={JSON.stringify(filter)}
          filter={filter}
          onChange={(search) => navigate({ search, replace: true, viewTransition: false })}
        />
      </details>
      <List
        query={log}
        empty={
          found.length === 0 && (
            <EmptyState icon="clock" title={t(filtered ? 'audit.nothing' : 'audit.none')}>
              {t('audit.noneText')}
            </EmptyState>
          )
        }
      >
        <Entries entries={found} nameOf={nameOf} />
      </List>
    </>
  )
}

function Entries({ entries, nameOf }: { entries: readonly AuditEntry[]; nameOf: (actor: string) => string }) {
  const locale = useLocale()
  const byDay = new Map<string, AuditEntry[]>()
  for (const entry of entries) {
    const day = formatTime(entry.at, locale, 'day')
    byDay.set(day, [...(byDay.get(day) ?? []), entry])
  }
  return [...byDay].map(([day, ofDay]) => (
    <section key={day} className={styles.day}>
      <h2>{day}</h2>
      <ol className={styles.log}>
        {ofDay.map((entry) => (
          <Entry key={entry.sequence} entry={entry} who={nameOf(entry.actor)} />
        ))}
      </ol>
    </section>
  ))
}

function Filters({ filter, onChange }: { filter: AuditFilter; onChange: (filter: AuditFilter) => void }) {
  const { t } = useTranslation('organizerStaff')
  const [draft, setDraft] = useState({
    from: filter.from ? toWall(filter.from, ZONE) : '',
    to: filter.to ? toWall(filter.to, ZONE) : '',
    actor: filter.actor ?? '',
    action: filter.action ?? '',
    subject: filter.subject ?? '',
    result: filter.result ?? '',
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    onChange({
      from: fromWall(draft.from, ZONE),
      to: fromWall(draft.to, ZONE),
      actor: draft.actor.trim() || undefined,
      action: draft.action.trim() || undefined,
      subject: draft.subject.trim() || undefined,
      result: RESULTS.find((result) => result === draft.result),
    })
  }
  const field = (name: 'from' | 'to' | 'actor' | 'action' | 'subject') => ({
    label: t(`audit.${name}`),
    value: draft[name],
    onChange: (event: { target: { value: string } }) => setDraft({ ...draft, [name]: event.target.value }),
  })
  return (
    <form className={kit.toolbar} onSubmit={submit}>
      <Field type="datetime-local" {...field('from')} />
      <Field type="datetime-local" {...field('to')} />
      <Field {...field('action')} placeholder="event.publish" autoComplete="off" />
      <Field {...field('actor')} placeholder="usr_…" autoComplete="off" />
      <Field {...field('subject')} placeholder="evt_…" autoComplete="off" />
      <Select
        label={t('audit.result')}
        value={draft.result}
        onChange={(event) => setDraft({ ...draft, result: event.target.value as typeof draft.result })}
      >
        <option value="">{t('audit.any')}</option>
        {RESULTS.map((result) => (
          <option key={result} value={result}>
            {t(`audit.results.${result}`)}
          </option>
        ))}
      </Select>
      <Button type="submit">{t('audit.find')}</Button>
      {Object.values(filter).some(Boolean) && (
        <Button variant="quiet" onClick={() => onChange({})}>
          {t('audit.clear')}
        </Button>
      )}
    </form>
  )
}
