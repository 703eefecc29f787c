import { useTranslation } from 'react-i18next'
import { Button } from '../../ui/Button'
import { Checkbox } from '../../ui/Field'
import { addRow } from '../model/draw'
import { mapSame, patchSection, takenIds } from '../model/edit'
import { pitchOf } from '../model/find'
import { type Form, facing, formOf, reform, resize } from '../model/form'
import { LIMITS, PITCH, ROW_PITCH, type Section } from '../model/types'
import { isKey } from '../model/wire'
import type { Editor } from '../state'
import { NumberField, Part, TextField } from './inputs'
import { RowNumberPart, SeatNumberPart } from './NumberParts'

export function SectionParts({ editor, section }: { editor: Editor; section: Section }) {
  const { t } = useTranslation('editor')
  const { uid } = section
  const form = formOf(section)
  const side = facing(section.rows[0], editor.now.doc.focalPoint)
  const patch = (name: string, change: (section: Section) => Section) =>
    editor.run(name, (now) => patchSection(now, uid, change))
  const set = (change: Partial<Form>) => patch('form', (one) => reform(one, change))
  const setId = (id: string) => {
    if (isKey(id) && !takenIds(editor.now.doc).has(id)) patch('rename', (one) => ({ ...one, id }))
  }
  const setSeats = (count: number) =>
    editor.run('resize', (now) => section.rows.reduce((doc, row) => resize(doc, row.uid, count), now))
  const longest = Math.max(0, ...section.rows.map(({ seats }) => seats.length))
  return (
    <>
      <Part title={t('props.name')}>
        <TextField
          label={t('props.name')}
          required
          value={section.name}
          onCommit={(name) => patch('rename', (one) => ({ ...one, name }))}
        />
        <TextField
          label={t('props.id')}
          hint={section.published ? t('props.idFixed') : t('props.idHint', { id: section.id })}
          disabled={section.published}
          required
          value={section.id}
          onCommit={setId}
        />
      </Part>
      <Part title={t('props.form')}>
        {form ? (
          <>
            <NumberField
              label={t('props.seatsPerRow')}
              whole
              min={1}
              max={LIMITS.seats}
              value={longest}
              onCommit={setSeats}
            />
            <NumberField
              label={t('props.spacing')}
              min={1}
              value={form.spacing}
              onCommit={(spacing) => set({ spacing })}
            />
            {section.rows.length > 1 && (
              <NumberField
                label={t('props.rowSpacing')}
                min={1}
                value={form.rowSpacing}
                onCommit={(rowSpacing) => set({ rowSpacing })}
              />
            )}
            <NumberField
              label={t('props.radius')}
              hint={t('props.radiusHint')}
              whole
              value={form.radius * side}
              onCommit={(radius) => set({ radius: radius * side })}
            />
            <Checkbox
              label={t('props.staggered')}
              checked={form.staggered}
              onChange={(event) => set({ staggered: event.target.checked })}
            />
          </>
        ) : (
          <p>{t('props.free')}</p>
        )}
        <Button
          size="s"
          onClick={() => {
            const level = section.rows.at(-1)?.seats.at(-1)?.level ?? editor.now.doc.levels[0]?.key ?? ''
            editor.run('addRow', (now) => {
              const home = now.sections.find((one) => one.uid === uid)
              if (!home) return now
              const added = addRow(now, home, (pitchOf(home) * ROW_PITCH) / PITCH, level)
              return { doc: added.doc, select: new Set([uid]) }
            })
          }}
        >
          {t('props.addRow')}
        </Button>
      </Part>
      <RowNumberPart onRun={(change) => patch('number', change)} first={section.rows[0]?.label ?? 'A'} />
      <SeatNumberPart
        onRun={(change) => patch('number', (one) => ({ ...one, rows: mapSame(one.rows, change) }))}
      />
    </>
  )
}
