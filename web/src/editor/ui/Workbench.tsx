import { useNavigate } from '@tanstack/react-router'
import { useCallback, useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useLocale } from '../../i18n'
import { formatTime } from '../../lib/time'
import { Button, buttonClass } from '../../ui/Button'
import { Menu } from '../../ui/Menu'
import { Page } from '../../ui/Page'
import { Loading, Skeleton } from '../../ui/State'
import { toast } from '../../ui/Toast'
import type { Venue } from '../data'
import { type Draft, draftKey, draftNow, useAutosave, useDraft } from '../draft'
import { pressAnywhere, pressOnCanvas } from '../keys'
import { type Doc, emptyDoc } from '../model/types'
import { readMap } from '../model/wire'
import { discard, keep } from '../shelf'
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

type Props = { org: string; venue: Venue; map: string; base: Base | undefined }
export type Sheet = 'checks' | 'versions' | 'file' | 'keys' | 'save'

const KINDS: readonly Kind[] = ['section', 'area', 'table', 'stage']

/** The editor with what was left behind in this browser, looked up each time it opens. */
export function Workbench(props: Props) {
  const draft = useDraft(draftKey(props.org, props.venue.id, props.map))
  return draft === 'looking' ? <Opening /> : <Bench {...props} draft={draft} />
}

export function Opening() {
  return (
    <Page>
      <Loading>
        <Skeleton block="70vh" />
      </Loading>
    </Page>
  )
}

/** The editor itself: outline, sheet and panel around one document. */
function Bench({ org, venue, map, base, draft }: Props & { draft: Draft | undefined }) {
  const { t } = useTranslation('editor')
  const navigate = useNavigate()
  const [{ editor, first }] = useState(() => {
    const first = base ? readMap(base.map, true) : emptyDoc(t('standard'))
    const editor = new Editor(first)
    // What was drawn before comes back as one step, so that undoing it is possible, too.
    if (draft) editor.run('draft', () => draft.doc)
    return { editor, first }
  })
  const [board, setBoard] = useState<Board>()
  const [sheet, setSheet] = useState<Sheet>()
  const [adding, setAdding] = useState<Kind>()
  const { doc, past } = useEditing(editor)
  const key = draftKey(org, venue.id, map)
  const saving = useAutosave(editor, key, first, draft)
  const said = useSaid(editor)
  useRestored(editor, first, draft, venue.timeZone)

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
        onSaved={(version, saved) => {
          // Drawn since it was saved: that goes on upon the new version.
          const { doc: now } = editor.now
          if (now !== saved) void keep(draftKey(org, venue.id, version.id), draftNow(now))
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

/** Offers to throw a draft away that came back, until the next change: that would go with it. */
function useRestored(editor: Editor, first: Doc, draft: Draft | undefined, zone: string) {
  const { t } = useTranslation('editor')
  const locale = useLocale()
  const words = useRef({ text: '', label: '' })
  words.current = {
    text: draft ? t('draft.restored', { time: formatTime(draft.at, locale, 'short', zone) }) : '',
    label: t('draft.discard'),
  }
  useEffect(() => {
    if (!draft || editor.now.doc !== draft.doc) return
    const { text, label } = words.current
    const dismiss = toast(text, { action: { label, run: () => editor.run('discard', () => first) } })
    const stop = editor.subscribe(() => {
      if (editor.now.doc !== draft.doc) dismiss()
    })
    return () => {
      stop()
      dismiss()
    }
  }, [editor, first, draft])
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
