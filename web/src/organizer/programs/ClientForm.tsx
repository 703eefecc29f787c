import { useMutation } from '@tanstack/react-query'
import { type FormEvent, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, ok } from '../../api/client'
import { Button } from '../../ui/Button'
import { Dialog } from '../../ui/Dialog'
import { Checkbox, Field, Select } from '../../ui/Field'
import { toast } from '../../ui/Toast'
import { useOrganizer } from '../frame/context'
import kit from '../kit/kit.module.css'
import { type Faults, useRefusal } from '../kit/refusal'
import type { Schemas, Scope } from '../types'
import { Scopes } from './Scopes'
import type { Secret } from './SecretDialog'
import { FAN_SCOPES, ORGANIZER_SCOPES } from './scopes'

type Grant = Schemas['GrantType']
const GRANTS: readonly Grant[] = ['authorization_code', 'refresh_token', 'client_credentials']

export function ClientForm({ onDone, onClose }: { onDone: (secret?: Secret) => void; onClose: () => void }) {
  const { t } = useTranslation('organizerStaff')
  const here = useOrganizer()
  const form = useRef<HTMLFormElement>(null)
  const [name, setName] = useState('')
  const [kind, setKind] = useState<Schemas['ClientKind']>('confidential')
  const [grants, setGrants] = useState<Grant[]>(['authorization_code', 'refresh_token'])
  const [redirects, setRedirects] = useState('')
  const [scopes, setScopes] = useState<Scope[]>(['profile.read'])
  const [faults, setFaults] = useState<Faults>({})
  const uris = redirects.split(/\s+/).filter(Boolean)
  const make = useMutation({
    mutationFn: () =>
      ok(
        api.POST('/api/v1/organizers/{org}/clients', {
          params: { path: { org: here.id } },
          body: {
            name: name.trim(),
            kind,
            grantTypes: grants,
            scopes,
            ...(uris.length ? { redirectUris: uris } : {}),
          },
        }),
      ),
    onSuccess: ({ client, clientSecret }) => {
      if (!clientSecret) toast(t('programs.made'), { tone: 'good' })
      onDone(clientSecret ? { name: client.name, secret: clientSecret, clientId: client.id } : undefined)
    },
  })
  const refusal = useRefusal(faults, make.error, form)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const found: Faults = {}
    if (!name.trim()) found.name = t('organizer:required')
    if (scopes.length === 0) found.scopes = t('programs.noScope')
    if (grants.includes('authorization_code') && uris.length === 0)
      found.redirectUris = t('programs.noRedirect')
    setFaults(found)
    if (Object.keys(found).length === 0) make.mutate()
  }
  return (
    <Dialog open title={t('programs.newClient')} onClose={onClose} locked={make.isPending} wide>
      <form ref={form} className={kit.stack} onSubmit={submit} noValidate>
        <div className={kit.grid}>
          <Field
            label={t('programs.name')}
            hint={t('programs.clientNameHint')}
            value={name}
            maxLength={200}
            error={refusal.at('name')}
            onChange={(event) => setName(event.target.value)}
          />
          <Select
            label={t('programs.kind')}
            hint={t(`programs.kindNote.${kind}`)}
            value={kind}
            error={refusal.at('kind')}
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
        </div>
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
          {refusal.at('grantTypes') && <p role="alert">{refusal.at('grantTypes')}</p>}
        </fieldset>
        <Field
          label={t('programs.redirects')}
          hint={t('programs.redirectsHint')}
          value={redirects}
          error={refusal.at('redirectUris')}
          onChange={(event) => setRedirects(event.target.value)}
        />
        <Scopes
          scopes={[...FAN_SCOPES, ...ORGANIZER_SCOPES]}
          chosen={scopes}
          onChange={setScopes}
          error={refusal.at('scopes')}
        />
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
