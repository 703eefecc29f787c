import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type DragEvent, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, ok } from '../../api/client'
import { isProblem } from '../../api/problem'
import { useLocale } from '../../i18n'
import { useProblemMessage } from '../../i18n/problem'
import { Button } from '../../ui/Button'
import { Notice } from '../../ui/State'
import { toast } from '../../ui/Toast'
import { useOrganizer } from '../frame/context'
import { Part } from '../kit/Head'
import kit from '../kit/kit.module.css'
import { type ReadFile, readMapFile } from './mapFile'
import styles from './Venues.module.css'

/** Another version of the seat map from a file: what is in it is said before it is saved. */
export function ImportMap({ venue }: { venue: string }) {
  const { t } = useTranslation('organizerVenues')
  const locale = useLocale()
  const number = new Intl.NumberFormat(locale)
  const here = useOrganizer()
  const client = useQueryClient()
  const message = useProblemMessage()
  const input = useRef<HTMLInputElement>(null)
  const key = useRef('')
  const [read, setRead] = useState<ReadFile>()
  const [isOver, setOver] = useState(false)
  const save = useMutation({
    mutationFn: (body: Extract<ReadFile, { map: unknown }>['map']) =>
      ok(
        api.POST('/api/v1/organizers/{org}/venues/{venue}/seat-maps', {
          params: { path: { org: here.id, venue }, header: { 'Idempotency-Key': key.current } },
          body,
        }),
      ),
    onSuccess: async ({ version }) => {
      toast(t('imported', { version }), { tone: 'good' })
      setRead(undefined)
      if (input.current) input.current.value = ''
      await client.invalidateQueries({ queryKey: ['me', 'org', here.id, 'seat-maps', venue] })
    },
  })
  const take = async (file: File | undefined) => {
    save.reset()
    key.current = crypto.randomUUID()
    setRead(file && readMapFile(await file.text()))
  }
  const drop = (event: DragEvent) => {
    event.preventDefault()
    setOver(false)
    void take(event.dataTransfer.files[0])
  }
  return (
    <Part id="import" title={t('import.title')} note={t('import.note')}>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: dropping is a shortcut; the field inside is the way */}
      <div
        className={styles.drop}
        data-over={isOver || undefined}
        onDragOver={(event) => {
          event.preventDefault()
          setOver(true)
        }}
        onDragLeave={() => setOver(false)}
        onDrop={drop}
      >
        <label className={kit.stack}>
          <strong>{t('import.choose')}</strong>
          <input
            ref={input}
            type="file"
            accept="application/json,.json"
            className={styles.file}
            onChange={(event) => take(event.target.files?.[0])}
          />
        </label>
        <div role="status" className={kit.stack}>
          {read && 'fault' in read && <Notice tone="bad">{t(`import.${read.fault}`)}</Notice>}
          {read && 'map' in read && (
            <p>
              <strong>{read.name || t('import.unnamed')}</strong>{' '}
              {t('import.found', {
                kind: t(`import.${read.kind}`),
                seats: number.format(read.seats),
                sections: number.format(read.sections),
                areas: number.format(read.areas),
              })}
            </p>
          )}
        </div>
        {save.error && (
          <Notice tone="bad">
            {message(save.error)} <span lang="en">{save.error.message}</span>
            {isProblem(save.error) && Object.keys(save.error.details).length > 0 && (
              <pre className={kit.code} lang="en">
                {JSON.stringify(save.error.details, null, 1)}
              </pre>
            )}
          </Notice>
        )}
        {read && 'map' in read && (
          <Button variant="primary" busy={save.isPending} onClick={() => save.mutate(read.map)}>
            {t('import.save')}
          </Button>
        )}
      </div>
    </Part>
  )
}
