import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { type FormEvent, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, ok } from '../../api/client'
import { useLocale } from '../../i18n'
import { Button } from '../../ui/Button'
import { Field, Select } from '../../ui/Field'
import { toast } from '../../ui/Toast'
import { useOrganizer } from '../frame/context'
import kit from '../kit/kit.module.css'
import { type Faults, useRefusal } from '../kit/refusal'
import { useKept } from '../kit/useKept'
import type { Venue } from '../types'
import { timeZones } from '../zones'
import { bodyOf, draftOf, faultsOf, type VenueDraft } from './venue'

const ZONES = timeZones()

/** A new venue, or changes to one. */
export function VenueForm({ venue: given, onDone }: { venue?: Venue; onDone: () => void }) {
  const { t } = useTranslation('organizerVenues')
  const locale = useLocale()
  const here = useOrganizer()
  const client = useQueryClient()
  const navigate = useNavigate()
  const form = useRef<HTMLFormElement>(null)
  const key = useRef(crypto.randomUUID())
  // What is fetched meanwhile is another version, which this was not typed over.
  const [venue] = useState(given)
  const [first] = useState(() => draftOf(venue))
  const [draft, setDraft] = useState(first)
  const isChanged = JSON.stringify(draft) !== JSON.stringify(first)
  const subject = venue ? `venue ${venue.id} ${venue.version}` : `new venue of ${here.id}`
  useKept(subject, isChanged ? draft : undefined, setDraft)
  const [faults, setFaults] = useState<Faults>({})
  const save = useMutation({
    mutationFn: () => {
      const body = bodyOf(draft)
      const path = { org: here.id }
      return venue
        ? ok(
            api.PATCH('/api/v1/organizers/{org}/venues/{venue}', {
              params: { path: { ...path, venue: venue.id } },
              body: { ...body, version: venue.version },
            }),
          )
        : ok(
            api.POST('/api/v1/organizers/{org}/venues', {
              params: { path, header: { 'Idempotency-Key': key.current } },
              body,
            }),
          )
    },
    onSuccess: async (saved) => {
      await client.invalidateQueries({ queryKey: ['me', 'org', here.id, 'venues'] })
      await client.invalidateQueries({ queryKey: ['venues'] })
      onDone()
      toast(t('common:state.saved'), { tone: 'good' })
      if (!venue)
        await navigate({ to: '/organizer/$org/venues/$venue', params: { org: here.id, venue: saved.id } })
    },
  })
  const refusal = useRefusal(faults, save.error, form)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const found = Object.entries(faultsOf(draft)).map(([field, fault]) => [field, t(`fault.${fault}`)])
    setFaults(Object.fromEntries(found))
    if (found.length === 0) save.mutate()
  }
  const field = (name: keyof VenueDraft) => ({
    label: t(`field.${name}`),
    value: draft[name],
    error: refusal.at(name),
    onChange: (event: { target: { value: string } }) => {
      key.current = crypto.randomUUID()
      setDraft({ ...draft, [name]: event.target.value })
    },
  })
  const country = countryName(draft.country.trim(), locale)
  return (
    <form ref={form} className={kit.stack} onSubmit={submit} noValidate>
      <div className={kit.grid}>
        <Field {...field('name')} className={kit.full} maxLength={200} />
        <Field {...field('address')} className={kit.full} maxLength={200} />
        <Field {...field('city')} maxLength={200} />
        <Field
          {...field('country')}
          maxLength={2}
          autoCapitalize="characters"
          hint={country ?? t('countryHint')}
        />
        <Select {...field('timeZone')} className={kit.full}>
          {[...new Set([draft.timeZone, ...ZONES])].map((zone) => (
            <option key={zone}>{zone}</option>
          ))}
        </Select>
        <Field {...field('latitude')} inputMode="decimal" />
        <Field {...field('longitude')} inputMode="decimal" />
      </div>
      {refusal.rest()}
      <div className={kit.buttons}>
        <Button type="submit" variant="primary" busy={save.isPending}>
          {t(venue ? 'common:action.save' : 'create')}
        </Button>
      </div>
    </form>
  )
}

function countryName(code: string, locale: string): string | undefined {
  if (!/^[A-Za-z]{2}$/.test(code)) return undefined
  return new Intl.DisplayNames(locale, { type: 'region', fallback: 'none' }).of(code.toUpperCase())
}
