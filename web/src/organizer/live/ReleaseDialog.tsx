import { useMutation } from '@tanstack/react-query'
import { type FormEvent, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, ok } from '../../api/client'
import { Button } from '../../ui/Button'
import { Dialog } from '../../ui/Dialog'
import { Checkbox, Field } from '../../ui/Field'
import { toast } from '../../ui/Toast'
import { useEvent } from '../events/EventFrame'
import { useOrganizer } from '../frame/context'
import kit from '../kit/kit.module.css'
import { type Faults, useRefusal } from '../kit/refusal'
import type { Block } from '../types'
import styles from './Live.module.css'
import { useReread } from './useBlocks'
import { forgetWish } from './wish'

/** Puts a block's places on sale again: all, or those that are chosen. */
export function ReleaseDialog({ block, onClose }: { block: Block; onClose: () => void }) {
  const { t } = useTranslation('organizerLive')
  const here = useOrganizer()
  const { event } = useEvent()
  const reread = useReread()
  const form = useRef<HTMLFormElement>(null)
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set(block.seats))
  const [places, setPlaces] = useState(String(block.places))
  const [faults, setFaults] = useState<Faults>({})
  const count = block.area ? Number(places) : chosen.size
  const release = useMutation({
    mutationFn: () => {
      const params = { path: { org: here.id, event: event.id, block: block.id } }
      const some = block.area ? { left: block.places - count } : { seats: [...chosen] }
      const body = count === block.places ? {} : some
      return ok(api.POST('/api/v1/organizers/{org}/events/{event}/blocks/{block}/release', { params, body }))
    },
    onSuccess: () => {
      forgetWish()
      toast(t('block.did.unblock', { count }), { tone: 'good' })
      onClose()
    },
    onSettled: reread,
  })
  const refusal = useRefusal(faults, release.error, form)
  const submit = (submitted: FormEvent) => {
    submitted.preventDefault()
    if (block.area && (!/^\d{1,6}$/.test(places) || count < 1 || count > block.places))
      return setFaults({ left: t('block.upTo', { count: block.places }) })
    setFaults({})
    release.mutate()
  }
  const toggle = (seat: string) => {
    const next = new Set(chosen)
    if (!next.delete(seat)) next.add(seat)
    setChosen(next)
  }
  return (
    <Dialog
      open
      title={t('block.releaseOf', { who: block.holder ?? t('block.nobody') })}
      onClose={onClose}
      locked={release.isPending}
    >
      <form ref={form} className={kit.stack} onSubmit={submit} noValidate>
        {block.area ? (
          <Field
            label={t('block.howMany', { area: block.area.name })}
            hint={t('block.upTo', { count: block.places })}
            inputMode="numeric"
            value={places}
            error={refusal.at('left')}
            onChange={(change) => setPlaces(change.target.value)}
          />
        ) : (
          <fieldset className={styles.chosen}>
            <legend className={kit.note}>{t('block.whichSeats')}</legend>
            {block.seats.map((seat) => (
              <Checkbox key={seat} label={seat} checked={chosen.has(seat)} onChange={() => toggle(seat)} />
            ))}
          </fieldset>
        )}
        {refusal.rest()}
        <div className={kit.buttons}>
          <Button type="submit" variant="primary" busy={release.isPending} disabled={count < 1}>
            {t('block.doRelease')}
          </Button>
          <Button variant="quiet" onClick={onClose}>
            {t('common:action.back')}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
