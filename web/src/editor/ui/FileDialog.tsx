import { useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { isProblem } from '../../api/problem'
import { useProblemMessage } from '../../i18n/problem'
import { Button } from '../../ui/Button'
import { Dialog } from '../../ui/Dialog'
import { Field } from '../../ui/Field'
import { Notice } from '../../ui/State'
import { toast } from '../../ui/Toast'
import { addVersion, type Venue } from '../data'
import { type ReadFile, readFile } from '../model/file'
import { readMap, writeMap } from '../model/wire'
import type { Editor } from '../state'
import styles from './Dialogs.module.css'

type Props = { editor: Editor; org: string; venue: Venue; open: boolean; onClose: () => void }

export function FileDialog({ open, onClose, ...rest }: Props) {
  const { t } = useTranslation('editor')
  return (
    <Dialog open={open} onClose={onClose} title={t('file.title')}>
      <Files {...rest} onClose={onClose} />
    </Dialog>
  )
}

function Files({ editor, org, venue, onClose }: Omit<Props, 'open'>) {
  const { t } = useTranslation('editor')
  const message = useProblemMessage()
  const navigate = useNavigate()
  const client = useQueryClient()
  const [plan, setPlan] = useState<Extract<ReadFile, { kind: 'plan' }>>()
  const [wrong, setWrong] = useState<string>()
  const [busy, setBusy] = useState(false)
  const open = async (file: File | undefined) => {
    setWrong(undefined)
    setPlan(undefined)
    if (!file) return
    const read = readFile(await file.text())
    if (!read) setWrong(t('file.unreadable'))
    else if (read.kind === 'plan') setPlan(read)
    else {
      editor.run('import', () => ({ doc: readMap(read.map, false), select: new Set() }))
      toast(t('file.opened', { name: file.name }), { tone: 'good' })
      onClose()
    }
  }
  const convert = async () => {
    if (!plan) return
    setBusy(true)
    try {
      const version = await addVersion(org, venue.id, plan.plan, crypto.randomUUID())
      await client.invalidateQueries({ queryKey: ['me', 'seat-maps', org, venue.id] })
      toast(t('file.planSaved', { number: version.version }), { tone: 'good' })
      onClose()
      await navigate({
        to: '/organizer/$org/venues/$venue/seat-maps/$map',
        params: { org, venue: venue.id, map: version.id },
      })
    } catch (error) {
      const path = isProblem(error, 'invalid_seat_map') ? String(error.details.path ?? '') : ''
      setWrong(isProblem(error) && path ? t('save.invalid', { path, reason: error.message }) : message(error))
    } finally {
      setBusy(false)
    }
  }
  return (
    <div className={styles.save}>
      <section>
        <h3>{t('file.import')}</h3>
        <p className={styles.note}>{t('file.importHint')}</p>
        <Field
          label={t('file.choose')}
          type="file"
          accept="application/json,.json"
          onChange={(event) => void open(event.target.files?.[0])}
        />
        {plan && (
          <>
            <p>{t('file.plan', { zones: plan.zones })}</p>
            <Button variant="primary" busy={busy} onClick={() => void convert()}>
              {t('file.planRun')}
            </Button>
          </>
        )}
        {wrong && <Notice tone="bad">{wrong}</Notice>}
      </section>
      <section>
        <h3>{t('file.export')}</h3>
        <p className={styles.note}>{t('file.exportHint')}</p>
        <Button onClick={() => download(editor, venue.name)}>{t('file.download')}</Button>
      </section>
    </div>
  )
}

function download(editor: Editor, name: string): void {
  const { doc } = editor.now
  const json = JSON.stringify(writeMap(doc), null, 1)
  const url = URL.createObjectURL(new Blob([json], { type: 'application/json' }))
  const link = document.createElement('a')
  link.href = url
  link.download = `${(doc.name ?? name).replace(/[^\p{L}\p{N}]+/gu, '-').toLowerCase()}.json`
  link.click()
  URL.revokeObjectURL(url)
}
