import type { UseMutationResult } from '@tanstack/react-query'
import { type FormEvent, type ReactNode, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Button } from '../../ui/Button'
import { Dialog } from '../../ui/Dialog'
import { Field } from '../../ui/Field'
import kit from '../kit/kit.module.css'
import { type Faults, useRefusal } from '../kit/refusal'
import type { Scope } from '../types'
import { Scopes } from './Scopes'

/** What keys and clients have in common: what people call one, and what it may do. */
export type Program = { name: string; scopes: Scope[] }

type Props = {
  title: string
  nameHint?: string
  scopes: readonly Scope[]
  /** What it may do unless somebody chooses otherwise. */
  first: Scope
  make: Pick<UseMutationResult<unknown, Error, Program>, 'isPending' | 'error' | 'mutate'>
  onClose: () => void
  /** What is wrong with the fields that are not common to both. */
  check?: () => Faults
  /** What stands beside the name, and below. */
  beside: (at: (field: string) => ReactNode) => ReactNode
  below?: (at: (field: string) => ReactNode) => ReactNode
}

/** The dialog in which a key or a client is made. */
export function ProgramForm({ title, nameHint, scopes, first, make, onClose, check, beside, below }: Props) {
  const { t } = useTranslation('organizerStaff')
  const form = useRef<HTMLFormElement>(null)
  const [name, setName] = useState('')
  const [chosen, setChosen] = useState<Scope[]>([first])
  const [faults, setFaults] = useState<Faults>({})
  const refusal = useRefusal(faults, make.error, form)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const found: Faults = { ...check?.() }
    if (!name.trim()) found.name = t('organizer:required')
    if (chosen.length === 0) found.scopes = t('programs.noScope')
    setFaults(found)
    if (Object.keys(found).length === 0) make.mutate({ name: name.trim(), scopes: chosen })
  }
  return (
    <Dialog open title={title} onClose={onClose} locked={make.isPending} wide>
      <form ref={form} className={kit.stack} onSubmit={submit} noValidate>
        <div className={kit.grid}>
          <Field
            label={t('programs.name')}
            hint={nameHint}
            value={name}
            maxLength={200}
            error={refusal.at('name')}
            onChange={(event) => setName(event.target.value)}
          />
          {beside(refusal.at)}
        </div>
        {below?.(refusal.at)}
        <Scopes scopes={scopes} chosen={chosen} onChange={setChosen} error={refusal.at('scopes')} />
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
