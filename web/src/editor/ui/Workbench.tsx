import { useNavigate } from '@tanstack/react-router'
import { useCallback, useEffect, useMemo, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useLocale } from '../../i18n'
import { formatTime } from '../../lib/time'
import { Button, buttonClass } from '../../ui/Button'
import { Menu } from '../../ui/Menu'
import { toast } from '../../ui/Toast'
import type { Venue } from '../data'
import { type Draft, draftKey, useAutosave } from '../draft'
import { pressAnywhere, pressOnCanvas } from '../keys'
import { emptyDoc } from '../model/types'
import { readMap } from '../model/wire'
import { discard } from '../shelf'
import { Editor, useEditing } from '../state'
import type { Board } from '../view/board'
import { AddDialog, type Kind } from './AddDialog'
import { Canvas } from './Canvas'
import { ChecksDialog } from './ChecksDialog'
import type { Base } from './EditorPage'
import { FileDialog } from './FileDialog'
import { Glyph } from './Glyph'
import { Inspector } from './Inspector'
import { KeysDialog } from './KeysDialog'
import { Outline } from './Outline'
import { SaveDialog } from './SaveDialog'
import { ToolRail } from './ToolRail'
import { TopBar } from './TopBar'
import { VersionsDialog } from './VersionsDialog'
import styles from './Workbench.module.css'

type Props = { org: string; venue: Venue; map: string; base: Base | undefined; draft: Draft | undefined }
export type Sheet = 'checks' | 'versions' | 'file' | 'keys' | 'save'

const KINDS: readonly Kind[] = ['section', 'area', 'table', 'stage']

/** The editor itself: outline, sheet and panel around one document. */
export function Workbench({ org, venue, map, base, draft }: Props) {
  const { t } = useTranslation('editor')
  const locale = useLocale()
  const navigate = useNavigate()
  const first = useMemo(() => (base ? readMap(base.map, true) : emptyDoc(t('standard'))), [base, t])
  const [editor] = useState(() => new Editor(first))
  const [board, setBoard] = useState<Board>()
  const [sheet, setSheet] = useState<Sheet>()
  const [adding, setAdding] = useState<Kind>()
  const { doc, past } = useEditing(editor)
  const key = draftKey(org, venue.id, map)
  const saving = useAutosave(editor, key, first)
  const said = useSaid(editor)

  // What was drawn before comes back as one step, so that undoing it is possible, too.
  const restored = useRef(false)
  useEffect(() => {
    if (!draft || restored.current) return
    restored.current = true
    editor.open(draft.doc)
    toast(t('draft.restored', { time: formatTime(draft.at, locale, 'short', venue.timeZone) }), {
      action: { label: t('draft.discard'), run: () => editor.open(first) },
    })
  }, [draft, editor, first, locale, t, venue.timeZone])

  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (pressAnywhere(event, editor)) event.preventDefault()
    }
    document.addEventListener('keydown', onKey)
    return () => document.removeEventListener('keydown', onKey)
  }, [editor])

  const show = useCallback(() => {
    const [uid] = editor.now.selection
    if (uid !== undefined && !board?.shows(uid)) board?.showChosen()
  }, [board, editor])

  const close = () => setSheet(undefined)
  const isEmpty = doc.sections.length === 0 && doc.areas.length === 0 && doc.decorations.length === 0
  return (
    <div className={styles.bench}>
      <TopBar
        editor={editor}
        org={org}
        venue={venue}
        version={base?.version}
        saving={saving}
        onSheet={setSheet}
      />
      <aside className={styles.outline} aria-label={t('outline.label')}>
        <div className={styles.adding}>
          <h2>{t('outline.label')}</h2>
          <Menu label={<AddLabel text={t('outline.add')} />}>
            {KINDS.map((kind) => (
              <button key={kind} type="button" onClick={() => setAdding(kind)}>
                <Glyph name={kind} />
                {t(`outline.${kind}`)}
              </button>
            ))}
          </Menu>
        </div>
        <Outline editor={editor} onShow={show} />
      </aside>
      <div className={styles.middle}>
        <ToolRail editor={editor} />
        <div className={styles.sheet}>
          <Canvas
            editor={editor}
            onBoard={setBoard}
            onKey={(event) => {
              if (pressOnCanvas(event, editor, board)) event.preventDefault()
            }}
          />
          {isEmpty && past.length === 0 && (
            <div className={styles.empty}>
              <h2>{t('empty.title')}</h2>
              <p>{t('empty.text')}</p>
              <div>
                <Button variant="primary" onClick={() => setAdding('section')}>
                  {t('empty.form')}
                </Button>
                <Button onClick={() => setSheet('file')}>{t('empty.file')}</Button>
              </div>
            </div>
          )}
        </div>
      </div>
      <aside className={styles.inspector} aria-label={t('props.label')}>
        <Inspector editor={editor} />
      </aside>
      <p className="visually-hidden" role="status">
        {said}
      </p>
      <AddDialog editor={editor} kind={adding} onClose={() => setAdding(undefined)} />
      <ChecksDialog
        editor={editor}
        open={sheet === 'checks'}
        onClose={close}
        onShow={() => board?.showChosen()}
      />
      <VersionsDialog
        editor={editor}
        org={org}
        venue={venue}
        map={map}
        open={sheet === 'versions'}
        onClose={close}
      />
      <FileDialog editor={editor} org={org} venue={venue} open={sheet === 'file'} onClose={close} />
      <KeysDialog open={sheet === 'keys'} onClose={close} />
      <SaveDialog
        editor={editor}
        org={org}
        venue={venue}
        base={base}
        open={sheet === 'save'}
        onClose={close}
        onChecks={() => setSheet('checks')}
        onSaved={(version) => {
          void discard(key)
          editor.open(first)
          void navigate({
            to: '/organizer/$org/venues/$venue/seat-maps/$map',
            params: { org, venue: venue.id, map: version.id },
          })
        }}
      />
    </div>
  )
}

function AddLabel({ text }: { text: string }) {
  return (
    <span className={buttonClass({ size: 's' })}>
      <Glyph name="plus" size={16} /> {text}
    </span>
  )
}

/** What was done, in words, for who does not see it. */
function useSaid(editor: Editor): string {
  const { t } = useTranslation('editor')
  const { past, future } = useEditing(editor)
  const before = useRef({ past, future })
  const [said, setSaid] = useState('')
  useEffect(() => {
    const was = before.current
    before.current = { past, future }
    if (past === was.past) return
    const undone = future.length > was.future.length ? future.at(-1) : undefined
    const redone = future.length < was.future.length && past.length > was.past.length && future.length > 0
    const name = t(`command.${undone?.name ?? past.at(-1)?.name ?? 'map'}` as 'command.map')
    setSaid(undone ? t('said.undone', { what: name }) : redone ? t('said.redone', { what: name }) : name)
  }, [past, future, t])
  return said
}
