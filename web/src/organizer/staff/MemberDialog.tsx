import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, ok } from '../../api/client'
import { useLocale } from '../../i18n'
import { formatTime } from '../../lib/time'
import { Button } from '../../ui/Button'
import { Dialog } from '../../ui/Dialog'
import { Checkbox, Field, Select } from '../../ui/Field'
import { toast } from '../../ui/Toast'
import type { Role } from '../access'
import { useOrganizer } from '../frame/context'
import kit from '../kit/kit.module.css'
import { type Faults, useRefusal } from '../kit/refusal'
import type { Member, OwnEvent } from '../types'
import styles from './Staff.module.css'

const ROLES = ['owner', 'manager', 'finance', 'door', 'viewer'] as const
/** As many as one member is limited to at most. */
const EVENTS_MAX = 100

type Props = { member?: Member; events: readonly OwnEvent[]; onClose: () => void }

/** Somebody new, or another role for somebody who is here: for all events or for some. */
export function MemberDialog({ member, events, onClose }: Props) {
  const { t } = useTranslation('organizerStaff')
  const locale = useLocale()
  const here = useOrganizer()
  const client = useQueryClient()
  const form = useRef<HTMLFormElement>(null)
  const [email, setEmail] = useState('')
  const [role, setRole] = useState<Role>((member?.role as Role | undefined) ?? 'door')
  const [limit, setLimit] = useState<ReadonlySet<string> | undefined>(
    member?.events ? new Set(member.events) : undefined,
  )
  const [faults, setFaults] = useState<Faults>({})
  const save = useMutation({
    mutationFn: async () => {
      const limited = limit && [...limit]
      if (!member)
        await ok(
          api.POST('/api/v1/organizers/{org}/members', {
            params: { path: { org: here.id } },
            body: { email: email.trim(), role, ...(limited ? { events: limited } : {}) },
          }),
        )
      else
        await ok(
          api.PATCH('/api/v1/organizers/{org}/members/{user}', {
            params: { path: { org: here.id, user: member.userId } },
            body: { role, events: limited ?? null },
          }),
        )
    },
    onSuccess: async () => {
      toast(t(member ? 'common:state.saved' : 'invited', { email: email.trim() }), { tone: 'good' })
      onClose()
      await client.invalidateQueries({ queryKey: ['me', 'org', here.id] })
    },
  })
  const refusal = useRefusal(faults, save.error, form)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const found: Faults = {}
    if (!member && !/^\S+@\S+$/.test(email.trim())) found.email = t('fault.email')
    if (limit && (limit.size === 0 || limit.size > EVENTS_MAX))
      found.events = t('fault.events', { max: EVENTS_MAX })
    setFaults(found)
    if (Object.keys(found).length === 0) save.mutate()
  }
  const toggle = (id: string) => {
    const next = new Set(limit)
    if (!next.delete(id)) next.add(id)
    setLimit(next)
  }
  const coming = events.toSorted((a, b) => Date.parse(a.startsAt) - Date.parse(b.startsAt))
  return (
    <Dialog
      open
      title={member ? (member.email ?? member.userId) : t('invite')}
      onClose={onClose}
      locked={save.isPending}
    >
      <form ref={form} className={kit.stack} onSubmit={submit} noValidate>
        {!member && (
          <Field
            type="email"
            label={t('field.email')}
            hint={t('field.emailHint')}
            value={email}
            autoComplete="off"
            error={refusal.at('email')}
            onChange={(event) => setEmail(event.target.value)}
          />
        )}
        <Select
          label={t('column.role')}
          hint={t(`roleNote.${role}`)}
          value={role}
          error={refusal.at('role')}
          onChange={(event) => setRole(event.target.value as Role)}
        >
          {ROLES.map((one) => (
            <option key={one} value={one}>
              {t(`organizer:role.${one}`)}
            </option>
          ))}
        </Select>
        <Checkbox
          label={t('someEvents')}
          hint={t('someEventsHint')}
          checked={limit !== undefined}
          onChange={(event) => setLimit(event.target.checked ? new Set() : undefined)}
        />
        {limit && (
          <fieldset className={styles.events}>
            <legend className="visually-hidden">{t('column.events')}</legend>
            {coming.map((event) => (
              <Checkbox
                key={event.id}
                label={event.name}
                hint={formatTime(event.startsAt, locale, 'short')}
                checked={limit.has(event.id)}
                onChange={() => toggle(event.id)}
              />
            ))}
          </fieldset>
        )}
        {refusal.at('events') && <p role="alert">{refusal.at('events')}</p>}
        {refusal.rest()}
        <div className={kit.buttons}>
          <Button type="submit" variant="primary" busy={save.isPending}>
            {t(member ? 'common:action.save' : 'send')}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
