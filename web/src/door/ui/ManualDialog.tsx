import { type FormEvent, useId, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Button } from '../../ui/Button'
import { Dialog } from '../../ui/Dialog'
import { BARCODE_CHARACTERS, LIVE_CHARACTERS, normalized } from '../core/barcode'
import type { Pack } from '../core/types'
import styles from './Sheets.module.css'

type Props = {
  open: boolean
  /** Which barcodes the event takes. */
  barcodes: Pack['barcodes']
  onClose: () => void
  onRead: (text: string) => void
}

/** Where no camera and no hand scanner reads it: the text of the barcode, typed or pasted. */
export function ManualDialog({ open, barcodes, onClose, onRead }: Props) {
  const { t } = useTranslation('door')
  const id = useId()
  const [text, setText] = useState('')
  const length = normalized(text).length
  const check = (event: FormEvent) => {
    event.preventDefault()
    if (length === 0) return
    onRead(text)
    setText('')
    onClose()
  }
  return (
    <Dialog open={open} onClose={onClose} title={t('manual.title')}>
      <form className={styles.form} onSubmit={check}>
        <p>{t(barcodes === 'live' ? 'manual.textLive' : 'manual.text')}</p>
        <label className={styles.label} htmlFor={id}>
          {t('manual.label')}
        </label>
        <textarea
          id={id}
          className={styles.code}
          rows={5}
          value={text}
          spellCheck={false}
          autoCapitalize="characters"
          autoComplete="off"
          aria-describedby={`${id}-count`}
          onChange={(event) => setText(event.target.value)}
        />
        <p id={`${id}-count`} className={styles.quiet}>
          {t('manual.count', {
            count: length,
            all: length > BARCODE_CHARACTERS ? LIVE_CHARACTERS : BARCODE_CHARACTERS,
          })}
        </p>
        <Button type="submit" variant="primary" size="l" wide>
          {t('manual.check')}
        </Button>
      </form>
    </Dialog>
  )
}
