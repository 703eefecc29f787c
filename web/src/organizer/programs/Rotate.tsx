import { useMutation } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, ok } from '../../api/client'
import { Button } from '../../ui/Button'
import { Dialog } from '../../ui/Dialog'
import { Select } from '../../ui/Field'
import { useOrganizer } from '../frame/context'
import kit from '../kit/kit.module.css'
import { useRefusal } from '../kit/refusal'
import type { Ended } from './EndDialog'
import type { Secret } from './SecretDialog'

const NONE = {}
/** How long the old secret stays good, in seconds. */
const OVERLAPS = [0, 3_600, 86_400, 604_800] as const

/** A new secret in the place of one that may have been seen; the old one lives on for a while. */
export function Rotate({
  what,
  onDone,
  onClose,
}: {
  what: Ended
  onDone: (secret?: Secret) => void
  onClose: () => void
}) {
  const { t } = useTranslation('organizerStaff')
  const here = useOrganizer()
  const [overlapSeconds, setOverlap] = useState<number>(86_400)
  const rotate = useMutation({
    mutationFn: async (): Promise<Secret | undefined> => {
      const body = { overlapSeconds }
      if (what.kind === 'key') {
        const params = { path: { org: here.id, key: what.id } }
        const made = await ok(api.POST('/api/v1/organizers/{org}/api-keys/{key}/rotate', { params, body }))
        return { name: what.name, secret: made.secret }
      }
      const params = { path: { org: here.id, client: what.id } }
      const made = await ok(api.POST('/api/v1/organizers/{org}/clients/{client}/secret', { params, body }))
      return made.clientSecret ? { name: what.name, secret: made.clientSecret, clientId: what.id } : undefined
    },
    onSuccess: onDone,
  })
  const refusal = useRefusal(NONE, rotate.error)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    rotate.mutate()
  }
  return (
    <Dialog
      open
      title={t('programs.rotateWhat', { name: what.name })}
      onClose={onClose}
      locked={rotate.isPending}
    >
      <form className={kit.stack} onSubmit={submit}>
        <Select
          label={t('programs.overlap')}
          value={overlapSeconds}
          onChange={(event) => setOverlap(Number(event.target.value))}
        >
          {OVERLAPS.map((seconds) => (
            <option key={seconds} value={seconds}>
              {t(`programs.overlaps.${seconds}`)}
            </option>
          ))}
        </Select>
        {refusal.rest()}
        <div className={kit.buttons}>
          <Button type="submit" variant="primary" busy={rotate.isPending}>
            {t('programs.rotate')}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
