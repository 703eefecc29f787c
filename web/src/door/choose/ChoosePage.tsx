import { useQuery } from '@tanstack/react-query'
import { useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, ok } from '../../api/client'
import { hasSession } from '../../api/session'
import { serverNow } from '../../lib/clock'
import { Button, buttonClass } from '../../ui/Button'
import { Page, PageHead, usePageTitle } from '../../ui/Page'
import { EmptyState, ErrorState, Loading, Notice, Skeleton } from '../../ui/State'
import { eventsOf, readyPacks } from '../core/pack'
import { queuedCount } from '../core/store'
import type { Organizer } from '../core/types'
import { DoorBar } from '../ui/DoorBar'
import styles from './ChoosePage.module.css'
import { EventRow } from './EventRow'
import { InstallHint } from './InstallHint'
import { isNow, isOver, mayScan } from './order'

/** Which event somebody works tonight: what this device is ready for first, then all they may scan. */
export function ChoosePage() {
  const { t } = useTranslation('door')
  usePageTitle(t('title'))
  const kept = useQuery({ queryKey: ['door', 'packs'], queryFn: () => readyPacks(serverNow()), gcTime: 0 })
  const waiting = useQuery({ queryKey: ['door', 'waiting'], queryFn: queuedCount, gcTime: 0 })
  const organizers = useQuery({
    queryKey: ['me', 'door-organizers'],
    queryFn: ({ signal }) => ok(api.GET('/api/v1/organizers', { signal })),
    enabled: hasSession(),
  })
  const ready = kept.data ?? []
  const mine = organizers.data?.items.filter(mayScan) ?? []
  return (
    <>
      <DoorBar />
      <Page narrow>
        <PageHead title={t('choose.title')}>{t('choose.lead')}</PageHead>
        {!!waiting.data && <Notice tone="warn">{t('choose.waiting', { count: waiting.data })}</Notice>}
        <InstallHint />
        {ready.length > 0 && (
          <section className={styles.group} aria-labelledby="ready">
            <h2 id="ready">{t('choose.ready')}</h2>
            <p className={styles.lead}>{t('choose.readyText')}</p>
            <ul className={styles.events}>
              {ready.map((pack) => (
                <EventRow
                  key={pack.eventId}
                  organizerId={pack.organizerId}
                  event={{ ...pack, id: pack.eventId, name: pack.eventName }}
                  timeZone={pack.timeZone}
                  venueName={pack.venueName}
                />
              ))}
            </ul>
          </section>
        )}
        {!hasSession() ? (
          <EmptyState
            icon="key"
            title={t('choose.signedOut')}
            action={
              <a className={buttonClass({ variant: 'primary' })} href="/sign-in?next=%2Fdoor">
                {t('start.signIn')}
              </a>
            }
          >
            {t('choose.signedOutText')}
          </EmptyState>
        ) : organizers.isPending ? (
          <Loading>
            <Skeleton lines={4} block="4.5rem" />
          </Loading>
        ) : organizers.error ? (
          <ErrorState error={organizers.error} onRetry={() => void organizers.refetch()} />
        ) : mine.length === 0 ? (
          <EmptyState icon="key" title={t('choose.nobody')}>
            {t('choose.nobodyText')}
          </EmptyState>
        ) : (
          mine.map((organizer) => <OrganizerEvents key={organizer.id} organizer={organizer} />)
        )}
      </Page>
    </>
  )
}

const FIRST = 8

function OrganizerEvents({ organizer }: { organizer: Organizer }) {
  const { t } = useTranslation('door')
  const [all, setAll] = useState(false)
  const events = useQuery({
    queryKey: ['me', 'door-events', organizer.id],
    queryFn: ({ signal }) => eventsOf(organizer.id, signal),
  })
  const venues = useQuery({
    queryKey: ['venues'],
    queryFn: ({ signal }) => ok(api.GET('/api/v1/venues', { params: { query: { limit: 100 } }, signal })),
  })
  const sorted = useMemo(() => {
    const now = serverNow()
    return (events.data ?? [])
      .filter((event) => event.state !== 'draft' && event.state !== 'cancelled' && !isOver(event, now))
      .sort((a, b) => a.startsAt.localeCompare(b.startsAt))
  }, [events.data])
  const shown = all ? sorted : sorted.slice(0, FIRST)
  const id = `events-${organizer.id}`
  return (
    <section className={styles.group} aria-labelledby={id}>
      <h2 id={id}>{organizer.name}</h2>
      {events.isPending ? (
        <Loading>
          <Skeleton lines={4} block="4.5rem" />
        </Loading>
      ) : events.error ? (
        <ErrorState error={events.error} onRetry={() => void events.refetch()} />
      ) : sorted.length === 0 ? (
        <EmptyState icon="calendar" title={t('choose.none')} />
      ) : (
        <ul className={styles.events}>
          {shown.map((event) => {
            const venue = venues.data?.items.find(({ id: venueId }) => venueId === event.venueId)
            return (
              <EventRow
                key={event.id}
                organizerId={organizer.id}
                event={event}
                timeZone={venue?.timeZone}
                venueName={venue?.name}
                open={isNow(event, serverNow())}
              />
            )
          })}
        </ul>
      )}
      {shown.length < sorted.length && (
        <Button onClick={() => setAll(true)}>{t('choose.all', { count: sorted.length })}</Button>
      )}
    </section>
  )
}
