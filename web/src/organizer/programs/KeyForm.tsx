import { useMutation } from '@tanstack/react-query'
import { type FormEvent, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, ok } from '../../api/client'
import { Button } from '../../ui/Button'
import { Dialog } from '../../ui/Dialog'
import { Field } from '../../ui/Field'
import { useOrganizer } from '../frame/context'
import kit from '../kit/kit.module.css'
import { type Faults, useRefusal } from '../kit/refusal'
import type { Scope } from '../types'
import { fromWall } from '../zones'
import { Scopes } from './Scopes'
import type { Secret } from './SecretDialog'
import { ORGANIZER_SCOPES } from './scopes'

const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone

export function KeyForm({ onDone, onClose }: { onDone: (secret: Secret) => void; onClose: () => void }) {
  const { t } = useTranslation('organizerStaff')
  const here = useOrganizer()
  const form = useRef<HTMLFormElement>(null)
  const [name, setName] = useState('')
  const [until, setUntil] = useState('')
  const [scopes, setScopes] = useState<Scope[]>(['catalog.read'])
  const [faults, setFaults] = useState<Faults>({})
  const make = useMutation({
    mutationFn: () =>
      ok(
        api.POST('/api/v1/organizers/{org}/api-keys', {
          params: { path: { org: here.id } },
          body: { name: name.trim(), scopes, ...(until ? { expiresAt: fromWall(until, ZONE) ?? null } : {}) },
        }),
      ),
    onSuccess: ({ secret, apiKey }) => onDone({ name: apiKey.name, secret }),
  })
  const refusal = useRefusal(faults, make.error, form)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const found: Faults = {}
    if (!name.trim()) found.name = t('organizer:required')
    if (scopes.length === 0) found.scopes = t('programs.noScope')
    setFaults(found)
    if (Object.keys(found).length === 0) make.mutate()
  }
  return (
    <Dialog open title={t('programs.newKey')} onClose={onClose} locked={make.isPending} wide>
      <form ref={form} className={kit.stack} onSubmit={submit} noValidate>
        <div className={kit.grid}>
          <Field
            label={t('programs.name')}
            value={name}
            maxLength={200}
            error={refusal.at('name')}
            onChange={(event) => setName(event.target.value)}
          />
          <Field
            type="datetime-local"
            label={t('programs.expires')}
            hint={t('programs.expiresHint')}
            value={until}
            error={refusal.at('expiresAt')}
            onChange={(event) => setUntil(event.target.value)}
          />
        </div>
        <Scopes scopes={ORGANIZER_SCOPES} chosen={scopes} onChange={setScopes} error={refusal.at('scopes')} />
        {refusal.rest()}
        <div className={kit.buttons}>
          <Button type="submit" variant="primary" busy={make.isPending}>
            {t('programs.make')}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
