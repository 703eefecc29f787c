import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, ok } from '../../api/client'
import { Button } from '../../ui/Button'
import { Dialog } from '../../ui/Dialog'
import { Notice } from '../../ui/State'
import { toast } from '../../ui/Toast'
import { useOrganizer } from '../frame/context'
import { Part } from '../kit/Head'
import kit from '../kit/kit.module.css'
import { useRefusal } from '../kit/refusal'
import { useEvent } from './EventFrame'
import { missingToPublish, possibleFrom, type Transition } from './transitions'

const NONE = {}

/** Where the event stands towards the public, and the steps from there. `unsaved`: something typed is not saved. */
export function Transitions({ unsaved }: { unsaved: boolean }) {
  const { t } = useTranslation('organizerEvents')
  const { event } = useEvent()
  const [asked, setAsked] = useState<Transition>()
  const missing = missingToPublish(event, Date.now())
  const possible = possibleFrom(event.state)
  return (
    <Part id="standing" title={t('part.standing')} note={t(`standing.${event.state}`)}>
      {event.state === 'draft' && missing.length > 0 && (
        <Notice tone="warn">
          {t('missing.lead')}
          <ul>
            {missing.map((what) => (
              <li key={what}>{t(`missing.${what}`)}</li>
            ))}
          </ul>
        </Notice>
      )}
      {unsaved && possible.includes('publish') && <Notice tone="warn">{t('unsaved')}</Notice>}
      <div className={kit.buttons}>
        {possible.map((transition) => (
          <Button
            key={transition}
            variant={transition === 'publish' ? 'primary' : transition === 'cancel' ? 'danger' : 'secondary'}
            disabled={transition === 'publish' && (unsaved || missing.length > 0)}
            onClick={() => setAsked(transition)}
          >
            {t(`do.${transition}`)}
          </Button>
        ))}
      </div>
      {asked && <Confirm transition={asked} onClose={() => setAsked(undefined)} />}
    </Part>
  )
}

function Confirm({ transition, onClose }: { transition: Transition; onClose: () => void }) {
  const { t } = useTranslation('organizerEvents')
  const here = useOrganizer()
  const { event } = useEvent()
  const client = useQueryClient()
  const act = useMutation({
    mutationFn: () => {
      const params = { path: { org: here.id, event: event.id } }
      const calls = {
        publish: () => api.POST('/api/v1/organizers/{org}/events/{event}/publish', { params }),
        'take-off-sale': () => api.POST('/api/v1/organizers/{org}/events/{event}/take-off-sale', { params }),
        postpone: () => api.POST('/api/v1/organizers/{org}/events/{event}/postpone', { params }),
        cancel: () => api.POST('/api/v1/organizers/{org}/events/{event}/cancel', { params }),
      }
      return ok(calls[transition]())
    },
    onSuccess: async () => {
      toast(t(`did.${transition}`), { tone: 'good' })
      onClose()
      await client.invalidateQueries({ queryKey: ['me', 'org', here.id, 'events'] })
      await client.invalidateQueries({ queryKey: ['events'] })
    },
  })
  const refusal = useRefusal(NONE, act.error)
  return (
    <Dialog open title={t(`sure.${transition}`)} onClose={onClose} locked={act.isPending}>
      <p>{t(`sureText.${transition}`)}</p>
      {refusal.rest()}
      <div className={kit.buttons}>
        <Button
          variant={transition === 'cancel' ? 'danger' : 'primary'}
          busy={act.isPending}
          onClick={() => act.mutate()}
        >
          {t(`do.${transition}`)}
        </Button>
        <Button variant="quiet" onClick={onClose}>
          {t('common:action.back')}
        </Button>
      </div>
    </Dialog>
  )
}
