import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, ok } from '../../api/client'
import { Checkbox, Field, Select } from '../../ui/Field'
import { toast } from '../../ui/Toast'
import { useOrganizer } from '../frame/context'
import type { Faults } from '../kit/refusal'
import type { Schemas, Scope } from '../types'
import { type Program, ProgramForm } from './ProgramForm'
import type { Secret } from './SecretDialog'
import { FAN_SCOPES, ORGANIZER_SCOPES } from './scopes'

type Grant = Schemas['GrantType']
const GRANTS: readonly Grant[] = ['authorization_code', 'refresh_token', 'client_credentials']
const SCOPES: readonly Scope[] = [...FAN_SCOPES, ...ORGANIZER_SCOPES]

export function ClientForm({ onDone, onClose }: { onDone: (secret?: Secret) => void; onClose: () => void }) {
  const { t } = useTranslation('organizerStaff')
  const here = useOrganizer()
  const [kind, setKind] = useState<Schemas['ClientKind']>('confidential')
  const [grants, setGrants] = useState<Grant[]>(['authorization_code', 'refresh_token'])
  const [redirects, setRedirects] = useState('')
  const uris = redirects.split(/\s+/).filter(Boolean)
  const make = useMutation({
    mutationFn: (program: Program) =>
      ok(
        api.POST('/api/v1/organizers/{org}/clients', {
          params: { path: { org: here.id } },
          body: { ...program, kind, grantTypes: grants, ...(uris.length ? { redirectUris: uris } : {}) },
        }),
      ),
    onSuccess: ({ client, clientSecret }) => {
      if (!clientSecret) toast(t('programs.made'), { tone: 'good' })
      onDone(clientSecret ? { name: client.name, secret: clientSecret, clientId: client.id } : undefined)
    },
  })
  const check = (): Faults =>
    grants.includes('authorization_code') && uris.length === 0
      ? { redirectUris: t('programs.noRedirect') }
      : {}
  return (
    <ProgramForm
      title={t('programs.newClient')}
      nameHint={t('programs.clientNameHint')}
      scopes={SCOPES}
      first="profile.read"
      make={make}
      onClose={onClose}
      check={check}
      beside={(at) => (
        <Select
          label={t('programs.kind')}
          hint={t(`programs.kindNote.${kind}`)}
          value={kind}
          error={at('kind')}
          onChange={(event) => {
            const chosen = event.target.value as typeof kind
            setKind(chosen)
            // What keeps no secret cannot sign in by one.
            if (chosen === 'public') setGrants(grants.filter((grant) => grant !== 'client_credentials'))
          }}
        >
          <option value="confidential">{t('programs.kinds.confidential')}</option>
          <option value="public">{t('programs.kinds.public')}</option>
        </Select>
      )}
      below={(at) => (
        <>
          <fieldset>
            <legend>{t('programs.grants')}</legend>
            {GRANTS.map((grant) => (
              <Checkbox
                key={grant}
                label={t(`programs.grant.${grant}`)}
                checked={grants.includes(grant)}
                disabled={kind === 'public' && grant === 'client_credentials'}
                onChange={(event) =>
                  setGrants(event.target.checked ? [...grants, grant] : grants.filter((one) => one !== grant))
                }
              />
            ))}
            {at('grantTypes') && <p role="alert">{at('grantTypes')}</p>}
          </fieldset>
          <Field
            label={t('programs.redirects')}
            hint={t('programs.redirectsHint')}
            value={redirects}
            error={at('redirectUris')}
            onChange={(event) => setRedirects(event.target.value)}
          />
        </>
      )}
    />
  )
}
