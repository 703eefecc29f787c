import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Fragment } from 'react'
import { useTranslation } from 'react-i18next'
import { api, ok } from '../../api/client'
import { EventTime } from '../../ui/EventTime'
import { Money } from '../../ui/Money'
import { toast } from '../../ui/Toast'
import { useOrganizer } from '../frame/context'
import { Part } from '../kit/Head'
import kit from '../kit/kit.module.css'
import type { EventPatch } from '../types'
import { draftOf, patchOf } from './draft'
import { EventForm } from './EventForm'
import { useEvent } from './EventFrame'
import { MapChoice } from './MapChoice'
import { Transitions } from './Transitions'

/** What an event is: to change for those who may, to read for the others. */
export function SetUpPage() {
  const here = useOrganizer()
  const { event } = useEvent()
  if (!here.may('runEvent', event.id) || event.state === 'cancelled') return <Facts />
  return (
    <>
      <Transitions />
      <MapChoice />
      <Edit key={event.version} />
    </>
  )
}

function Edit() {
  const { t } = useTranslation('organizerEvents')
  const here = useOrganizer()
  const { event, zone } = useEvent()
  const client = useQueryClient()
  const before = draftOf(event, zone)
  const save = useMutation({
    mutationFn: (body: EventPatch) =>
      ok(
        api.PATCH('/api/v1/organizers/{org}/events/{event}', {
          params: { path: { org: here.id, event: event.id } },
          body,
        }),
      ),
    onSuccess: async () => {
      toast(t('common:state.saved'), { tone: 'good' })
      await client.invalidateQueries({ queryKey: ['me', 'org', here.id, 'events'] })
    },
  })
  return (
    <EventForm
      initial={before}
      isSaved
      busy={save.isPending}
      error={save.error}
      submitLabel={t('common:action.save')}
      onSubmit={(draft) => save.mutate(patchOf(before, draft, zone, event.version))}
    />
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
