import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, ok } from '../../api/client'
import { useLocale } from '../../i18n'
import { Button } from '../../ui/Button'
import { Field } from '../../ui/Field'
import { Card } from '../../ui/Page'
import { toast } from '../../ui/Toast'
import { useEvent } from '../events/EventFrame'
import { useOrganizer } from '../frame/context'
import kit from '../kit/kit.module.css'
import { type Faults, useRefusal } from '../kit/refusal'
import type { Schemas } from '../types'

/** A standing area: how many it takes, and how many of them are not for sale. */
export function AreaCard({ area, available }: { area: Schemas['Area']; available: number | undefined }) {
  const { t } = useTranslation('organizerLive')
  const locale = useLocale()
  const here = useOrganizer()
  const { event } = useEvent()
  const client = useQueryClient()
  const [blocked, setBlocked] = useState('')
  const [capacity, setCapacity] = useState('')
  const [faults, setFaults] = useState<Faults>({})
  const params = { path: { org: here.id, event: event.id } }
  const save = useMutation({
    mutationFn: async (what: 'blocked' | 'capacity') => {
      if (what === 'blocked')
        await ok(
          api.POST('/api/v1/organizers/{org}/events/{event}/block', {
            params,
            body: { area: { id: area.id, blocked: Number(blocked) } },
          }),
        )
      else
        await ok(
          api.POST('/api/v1/organizers/{org}/events/{event}/capacity', {
            params,
            body: { area: area.id, capacity: Number(capacity) },
          }),
        )
      return what
    },
    onSuccess: () => toast(t('common:state.saved'), { tone: 'good' }),
    onSettled: () => client.invalidateQueries({ queryKey: ['event', event.id, 'availability'] }),
  })
  const refusal = useRefusal(faults, save.error)
  const submit = (what: 'blocked' | 'capacity', text: string) => (submitted: FormEvent) => {
    submitted.preventDefault()
    if (!/^\d{1,6}$/.test(text)) return setFaults({ [what]: t('block.wholeNumber') })
    setFaults({})
    save.mutate(what)
  }
  const number = new Intl.NumberFormat(locale)
  return (
    <li>
      <Card>
        <div>
          <h3>{area.name}</h3>
          <p className={kit.note}>
            {available !== undefined && t('block.areaNow', { available: number.format(available) })}
          </p>
        </div>
        <form className={kit.toolbar} onSubmit={submit('blocked', blocked)} noValidate>
          <Field
            label={t('block.areaBlocked')}
            hint={t('block.areaBlockedHint')}
            inputMode="numeric"
            value={blocked}
            error={refusal.at('blocked')}
            onChange={(change) => setBlocked(change.target.value)}
          />
          <Button type="submit" size="s" busy={save.isPending && save.variables === 'blocked'}>
            {t('block.set')}
          </Button>
        </form>
        <form className={kit.toolbar} onSubmit={submit('capacity', capacity)} noValidate>
          <Field
            label={t('block.areaCapacity')}
            hint={t('block.areaCapacityHint', { count: area.capacity })}
            inputMode="numeric"
            value={capacity}
            error={refusal.at('capacity')}
            onChange={(change) => setCapacity(change.target.value)}
          />
          <Button type="submit" size="s" busy={save.isPending && save.variables === 'capacity'}>
            {t('block.set')}
          </Button>
        </form>
        {refusal.rest()}
      </Card>
    </li>
  )
}
