import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Fragment } from 'react'
import { useTranslation } from 'react-i18next'
import { api, ok } from '../../api/client'
import { Button } from '../../ui/Button'
import { EventTime } from '../../ui/EventTime'
import { Money } from '../../ui/Money'
import { Notice } from '../../ui/State'
import { toast } from '../../ui/Toast'
import { useOrganizer } from '../frame/context'
import { Part } from '../kit/Head'
import kit from '../kit/kit.module.css'
import { Unsaved } from '../kit/Unsaved'
import type { EventPatch } from '../types'
import { type EventDraft, patchOf } from './draft'
import { EventForm } from './EventForm'
import { useEvent } from './EventFrame'
import { MapChoice } from './MapChoice'
import { Transitions } from './Transitions'
import { useWork } from './useWork'

/** What an event is: to change for those who may, to read for the others. */
export function SetUpPage() {
  const here = useOrganizer()
  const { event } = useEvent()
  if (!here.may('runEvent', event.id) || event.state === 'cancelled') return <Facts />
  return <SetUp key={event.id} />
}

function SetUp() {
  const { t } = useTranslation('organizerEvents')
  const here = useOrganizer()
  const { event, zone } = useEvent()
  const client = useQueryClient()
  const work = useWork(event, zone)
  const events = { queryKey: ['me', 'org', here.id, 'events'] }
  const save = useMutation({
    mutationFn: ({ patch }: { sent: EventDraft; patch: EventPatch }) =>
      ok(
        api.PATCH('/api/v1/organizers/{org}/events/{event}', {
          params: { path: { org: here.id, event: event.id } },
          body: patch,
        }),
      ),
    onSuccess: async (saved, { sent }) => {
      work.saved(sent, saved)
      toast(t('common:state.saved'), { tone: 'good' })
      await client.invalidateQueries(events)
    },
    // Refused, perhaps, because somebody else was quicker: what they did is then shown.
    onError: () => client.invalidateQueries(events),
  })
  return (
    <>
      <Unsaved when={work.isChanged} />
      <Transitions unsaved={work.isChanged} />
      <MapChoice />
      {work.isOvertaken && <Notice tone="warn">{t('overtaken')}</Notice>}
      <EventForm
        draft={work.draft}
        change={work.change}
        isSaved
        busy={save.isPending}
        error={save.error}
        submitLabel={t('common:action.save')}
        onSubmit={(sent) => save.mutate({ sent, patch: patchOf(work.base, sent, zone, work.version) })}
        extra={
          work.isChanged && (
            <Button variant="quiet" size="l" disabled={save.isPending} onClick={work.discard}>
              {t('discard')}
            </Button>
          )
        }
      />
    </>
  )
}

function Facts() {
  const { t } = useTranslation('organizerEvents')
  const { event, zone } = useEvent()
  return (
    <Part id="facts" title={t('tab.setUp')}>
      <dl className={kit.facts}>
        {event.doorsAt && (
          <>
            <dt>{t('fact.doors')}</dt>
            <dd>
              <EventTime at={event.doorsAt} zone={zone} withViewer />
            </dd>
          </>
        )}
        <dt>{t('fact.starts')}</dt>
        <dd>
          <EventTime at={event.startsAt} zone={zone} withViewer />
        </dd>
        <dt>{t('fact.capacity')}</dt>
        <dd>{event.capacity}</dd>
        {event.priceLevels.map((level) => (
          <Fragment key={level.id}>
            <dt>{level.name}</dt>
            <dd>
              <Money value={level.price} />
            </dd>
          </Fragment>
        ))}
      </dl>
    </Part>
  )
}
