import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useLocale } from '../../i18n'
import { Button } from '../../ui/Button'
import { Icon } from '../../ui/Icon'
import type { Venue } from '../data'
import { checkSlowly, type Finding } from '../model/checks'
import { type Doc, placesOf } from '../model/types'
import { type Editor, useEditing } from '../state'
import { Glyph } from './Glyph'
import type { Sheet } from './Workbench'
import styles from './Workbench.module.css'

type Props = {
  editor: Editor
  org: string
  venue: Venue
  version: number | undefined
  saving: 'clean' | 'keeping' | 'kept' | 'unkept'
  onSheet: (sheet: Sheet) => void
}

export function TopBar({ editor, org, venue, version, saving, onSheet }: Props) {
  const { t } = useTranslation('editor')
  const locale = useLocale()
  const { doc, past, future } = useEditing(editor)
  const findings = useFindings(doc)
  const errors = findings.filter(({ severity }) => severity === 'error').length
  const number = new Intl.NumberFormat(locale)
  const { seats, standing } = placesOf(doc)
  const nameOf = (step: { name: string } | undefined) => t(`command.${step?.name ?? 'map'}` as 'command.map')
  return (
    <header className={styles.bar}>
      <a
        className={styles.back}
        href={`/organizer/${org}/venues/${venue.id}`}
        aria-label={t('back')}
        title={t('back')}
      >
        <Icon name="back" />
      </a>
      <div className={styles.names}>
        <h1>{venue.name}</h1>
        <p>
          {version === undefined ? t('titleNew') : t('version', { number: version })} ·{' '}
          {t('places', { seats: number.format(seats), standing: number.format(standing) })}
          {saving !== 'clean' && (
            <span className={styles.saving} data-state={saving}>
              {t(saving === 'keeping' ? 'draft.keeping' : saving === 'kept' ? 'draft.kept' : 'draft.unkept')}
            </span>
          )}
        </p>
      </div>
      <div className={styles.steps}>
        <button
          type="button"
          disabled={past.length === 0}
          aria-label={past.length > 0 ? t('undoNamed', { what: nameOf(past.at(-1)) }) : t('undo')}
          title={past.length > 0 ? t('undoNamed', { what: nameOf(past.at(-1)) }) : t('undo')}
          onClick={editor.undo}
        >
          <Glyph name="undo" />
        </button>
        <button
          type="button"
          disabled={future.length === 0}
          aria-label={future.length > 0 ? t('redoNamed', { what: nameOf(future.at(-1)) }) : t('redo')}
          title={future.length > 0 ? t('redoNamed', { what: nameOf(future.at(-1)) }) : t('redo')}
          onClick={editor.redo}
        >
          <Glyph name="redo" />
        </button>
      </div>
      <div className={styles.sheets}>
        <Button size="s" variant="quiet" onClick={() => onSheet('checks')}>
          {t('check.button')}
          {findings.length > 0 && (
            <span className={styles.count} data-severity={errors > 0 ? 'error' : 'warning'}>
              {findings.length}
            </span>
          )}
        </Button>
        <Button size="s" variant="quiet" onClick={() => onSheet('versions')}>
          {t('versions.button')}
        </Button>
        <Button size="s" variant="quiet" onClick={() => onSheet('file')}>
          {t('file.button')}
        </Button>
        <Button size="s" variant="quiet" onClick={() => onSheet('keys')}>
          {t('help.button')}
        </Button>
        <Button size="s" variant="primary" onClick={() => onSheet('save')}>
          {t('save.button')}
        </Button>
      </div>
    </header>
  )
}

/** So long after the last change the map is looked at: nobody waits for it while drawing. */
const PAUSE_MS = 250

function useFindings(doc: Doc): readonly Finding[] {
  const [findings, setFindings] = useState<readonly Finding[]>([])
  useEffect(() => {
    let isOver = false
    const timer = setTimeout(() => {
      void checkSlowly(doc, () => isOver).then((found) => found && !isOver && setFindings(found))
    }, PAUSE_MS)
    return () => {
      isOver = true
      clearTimeout(timer)
    }
  }, [doc])
  return findings
}
