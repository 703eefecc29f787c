import { useQuery } from '@tanstack/react-query'
import { type FormEvent, type ReactNode, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Button } from '../../ui/Button'
import { useOrganizer } from '../frame/context'
import { Part } from '../kit/Head'
import kit from '../kit/kit.module.css'
import { type Faults, useRefusal } from '../kit/refusal'
import { ownVenuesQuery } from '../queries'
import { faultsOf, spoken } from './checks'
import type { EventDraft } from './draft'
import { Basics } from './form/Basics'
import { Prices } from './form/Prices'
import { Rules } from './form/Rules'
import { Sale } from './form/Sale'
import { TicketTypes } from './form/TicketTypes'
import { When } from './form/When'

export type FieldsProps = {
  draft: EventDraft
  change: (changes: Partial<EventDraft>) => void
  at: (field: string) => ReactNode
  zone: string
  /** The event exists: its venue and currency stay. */
  isSaved: boolean
}

type Props = {
  draft: EventDraft
  change: FieldsProps['change']
  isSaved?: boolean
  busy: boolean
  error: unknown
  submitLabel: string
  onSubmit: (draft: EventDraft, zone: string) => void
  extra?: ReactNode
}

/** Everything about an event that is not its places, in the order in which people decide it. */
export function EventForm(props: Props) {
  const { draft, change, isSaved = false, busy, error, submitLabel, onSubmit, extra } = props
  const { t } = useTranslation('organizerEvents')
  const here = useOrganizer()
  const venues = useQuery(ownVenuesQuery(here.id))
  const form = useRef<HTMLFormElement>(null)
  const [faults, setFaults] = useState<Faults>({})
  const zone = venues.data?.find(({ id }) => id === draft.venueId)?.timeZone ?? 'UTC'
  const refusal = useRefusal(faults, error, form)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const found = spoken(faultsOf(draft, zone, isSaved ? 0 : Date.now()), t as never)
    setFaults(found)
    if (Object.keys(found).length === 0) onSubmit(draft, zone)
  }
  const fields: FieldsProps = { draft, change, at: refusal.at, zone, isSaved }
  const parts = [
    { id: 'basics', Fields: Basics },
    { id: 'when', Fields: When },
    { id: 'prices', Fields: Prices },
    { id: 'types', Fields: TicketTypes },
    { id: 'sale', Fields: Sale },
    { id: 'rules', Fields: Rules },
  ] as const
  return (
    <form ref={form} className={kit.form} onSubmit={submit} noValidate>
      {parts.map(({ id, Fields }) => (
        <Part key={id} id={id} title={t(`part.${id}`)} note={t(`partNote.${id}`)}>
          <Fields {...fields} />
        </Part>
      ))}
      {refusal.rest()}
      {Object.keys(faults).length > 0 && (
        <p role="alert">{t('fault.some', { count: Object.keys(faults).length })}</p>
      )}
      <div className={kit.buttons}>
        <Button type="submit" variant="primary" size="l" busy={busy}>
          {submitLabel}
        </Button>
        {extra}
      </div>
    </form>
  )
}
