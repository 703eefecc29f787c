import { useMutation } from '@tanstack/react-query'
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
import { useReread, useSetAside, wordsOf } from './useBlocks'
import { forgetWish } from './wish'

/** A standing area: how many it takes, and how many of them are not for sale. */
export function AreaCard({
  area,
  counts,
}: {
  area: Schemas['Area']
  counts: Schemas['AreaCountsView'] | undefined
}) {
  const { t } = useTranslation('organizerLive')
  const locale = useLocale()
  const here = useOrganizer()
  const { event } = useEvent()
  const reread = useReread()
  const setAside = useSetAside()
  const [blocked, setBlocked] = useState('')
  const [capacity, setCapacity] = useState('')
  const [places, setPlaces] = useState('')
  const [holder, setHolder] = useState('')
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
    onSuccess: () => {
      forgetWish()
      toast(t('common:state.saved'), { tone: 'good' })
    },
    onSettled: reread,
  })
  const refusal = useRefusal(faults, save.error ?? setAside.error)
  const submit = (what: 'blocked' | 'capacity', text: string) => (submitted: FormEvent) => {
    submitted.preventDefault()
    if (!/^\d{1,6}$/.test(text)) return setFaults({ [what]: t('block.wholeNumber') })
    setFaults({})
    setAside.reset()
    save.mutate(what)
  }
  const keep = (submitted: FormEvent) => {
    submitted.preventDefault()
    save.reset()
    if (!/^[1-9]\d{0,5}$/.test(places)) return setFaults({ 'area.places': t('block.wholeNumber') })
    setFaults({})
    setAside.mutate(
      { ...wordsOf(holder, ''), area: { id: area.id, places: Number(places) } },
      {
        onSuccess: () => {
          toast(t('block.did.set', { count: Number(places) }), { tone: 'good' })
          setPlaces('')
          setHolder('')
        },
        onSettled: reread,
      },
    )
  }
  const number = new Intl.NumberFormat(locale)
  return (
    <li>
      <Card>
        <div>
          <h3>{area.name}</h3>
          <p className={kit.note}>
            {counts &&
              t('block.areaNow', {
                sold: number.format(counts.sold),
                held: number.format(counts.held),
                blocked: number.format(counts.blocked),
                available: number.format(counts.available),
              })}
          </p>
        </div>
        <form className={kit.toolbar} onSubmit={keep} noValidate>
          <Field
            label={t('block.forWhom')}
            value={holder}
            maxLength={200}
            error={refusal.at('holder')}
            onChange={(change) => setHolder(change.target.value)}
          />
          <Field
            label={t('block.morePlaces')}
            inputMode="numeric"
            value={places}
            error={refusal.at('area.places')}
            onChange={(change) => setPlaces(change.target.value)}
          />
          <Button type="submit" size="s" busy={setAside.isPending}>
            {t('block.keep')}
          </Button>
        </form>
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
