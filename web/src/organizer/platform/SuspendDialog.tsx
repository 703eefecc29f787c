import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, ok } from '../../api/client'
import { Button } from '../../ui/Button'
import { Dialog } from '../../ui/Dialog'
import { Field } from '../../ui/Field'
import kit from '../kit/kit.module.css'
import { type Faults, useRefusal } from '../kit/refusal'
import type { Tenant } from '../types'
import { tenantsQuery } from './queries'

/** As the server asks for. */
const SHORTEST = 10

/** Keeps a tenant from selling, or lets it sell again; why is written down. */
export function SuspendDialog({ tenant, onClose }: { tenant: Tenant; onClose: () => void }) {
  const { t } = useTranslation('organizerPlatform')
  const client = useQueryClient()
  const form = useRef<HTMLFormElement>(null)
  const [reason, setReason] = useState('')
  const [faults, setFaults] = useState<Faults>({})
  const what = tenant.suspendedAt ? 'reinstate' : 'suspend'
  const act = useMutation({
    mutationFn: () => {
      const options = { params: { path: { org: tenant.id } }, body: { reason: reason.trim() } }
      return ok(
        what === 'suspend'
          ? api.POST('/api/v1/platform/organizers/{org}/suspend', options)
          : api.POST('/api/v1/platform/organizers/{org}/reinstate', options),
      )
    },
    onSuccess: async () => {
      onClose()
      await client.invalidateQueries({ queryKey: tenantsQuery.queryKey })
    },
  })
  const refusal = useRefusal(faults, act.error, form)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (reason.trim().length < SHORTEST) return setFaults({ reason: t('short', { count: SHORTEST }) })
    setFaults({})
    act.mutate()
  }
  return (
    <Dialog open title={t(`${what}Who`, { name: tenant.name })} onClose={onClose} locked={act.isPending}>
      <form ref={form} className={kit.stack} onSubmit={submit} noValidate>
        <p>{t(`${what}Text`)}</p>
        <Field
          label={t('reason')}
          value={reason}
          maxLength={200}
          error={refusal.at('reason')}
          onChange={(event) => setReason(event.target.value)}
        />
        {refusal.rest()}
        <div className={kit.buttons}>
          <Button type="submit" variant={what === 'suspend' ? 'danger' : 'primary'} busy={act.isPending}>
            {t(what)}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
