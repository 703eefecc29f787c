import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, ok } from '../../api/client'
import { Field } from '../../ui/Field'
import { useOrganizer } from '../frame/context'
import { fromWall } from '../zones'
import { type Program, ProgramForm } from './ProgramForm'
import type { Secret } from './SecretDialog'
import { ORGANIZER_SCOPES } from './scopes'

const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone

export function KeyForm({ onDone, onClose }: { onDone: (secret: Secret) => void; onClose: () => void }) {
  const { t } = useTranslation('organizerStaff')
  const here = useOrganizer()
  const [until, setUntil] = useState('')
  const make = useMutation({
    mutationFn: (program: Program) =>
      ok(
        api.POST('/api/v1/organizers/{org}/api-keys', {
          params: { path: { org: here.id } },
          body: { ...program, ...(until ? { expiresAt: fromWall(until, ZONE) ?? null } : {}) },
        }),
      ),
    onSuccess: ({ secret, apiKey }) => onDone({ name: apiKey.name, secret }),
  })
  return (
    <ProgramForm
      title={t('programs.newKey')}
      scopes={ORGANIZER_SCOPES}
      first="catalog.read"
      make={make}
      onClose={onClose}
      beside={(at) => (
        <Field
          type="datetime-local"
          label={t('programs.expires')}
          hint={t('programs.expiresHint')}
          value={until}
          error={at('expiresAt')}
          onChange={(event) => setUntil(event.target.value)}
        />
      )}
    />
  )
}
