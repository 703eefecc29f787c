import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, ok } from '../../api/client'
import { buttonClass } from '../../ui/Button'
import { toast } from '../../ui/Toast'
import { useOrganizer } from '../frame/context'
import { Head } from '../kit/Head'
import { Unsaved } from '../kit/Unsaved'
import { useKept } from '../kit/useKept'
import type { OwnEvent } from '../types'
import { bodyOf, changedFields, type EventDraft, emptyDraft } from './draft'
import { EventForm } from './EventForm'

/** Drafts for one start or for a whole run; nobody sees them until they are published. */
export function NewEventPage() {
  const { t } = useTranslation('organizerEvents')
  const here = useOrganizer()
  const client = useQueryClient()
  const navigate = useNavigate()
  const [first] = useState(() => emptyDraft(t('standard')))
  const [draft, setDraft] = useState(first)
  const isChanged = changedFields(first, draft).length > 0
  useKept(`new event of ${here.id}`, isChanged ? draft : undefined, setDraft)
  // What was made of this run so far: a retry after a failure goes on behind it.
  const made = useRef<OwnEvent[]>([])
  const keys = useRef(new Map<string, string>())
  const create = useMutation({
    mutationFn: async ({ draft, zone }: { draft: EventDraft; zone: string }) => {
      for (const start of draft.starts.slice(made.current.length)) {
        const first = made.current[0]
        const body = { ...bodyOf(draft, zone, start), seriesId: first?.id ?? null }
        // The same words are the same wish; changed ones are another.
        const wish = JSON.stringify(body)
        const key = keys.current.get(wish) ?? crypto.randomUUID()
        keys.current.set(wish, key)
        const params = { path: { org: here.id }, header: { 'Idempotency-Key': key } }
        made.current.push(await ok(api.POST('/api/v1/organizers/{org}/events', { params, body })))
      }
      return made.current
    },
    onSettled: () => client.invalidateQueries({ queryKey: ['me', 'org', here.id, 'events'] }),
    onSuccess: async ([first, ...others]) => {
      toast(t('created', { count: others.length + 1 }), { tone: 'good' })
      if (first)
        await navigate({
          to: '/organizer/$org/events/$event',
          params: { org: here.id, event: first.id },
          ignoreBlocker: true,
        })
    },
  })
  return (
    <>
      <Head
        title={t('new')}
        over={
          <Link to="/organizer/$org/events" params={{ org: here.id }}>
            {t('title')}
          </Link>
        }
      >
        {t('newText')}
      </Head>
      <Unsaved when={isChanged} />
      <EventForm
        draft={draft}
        change={(changes) => setDraft((before) => ({ ...before, ...changes }))}
        busy={create.isPending}
        error={create.error}
        submitLabel={t('create')}
        onSubmit={(finished, zone) => create.mutate({ draft: finished, zone })}
        extra={
          <Link
            to="/organizer/$org/events"
            params={{ org: here.id }}
            className={buttonClass({ variant: 'quiet' })}
          >
            {t('common:action.cancel')}
          </Link>
        }
      />
    </>
  )
}
