import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Button } from '../../ui/Button'
import { Dialog } from '../../ui/Dialog'
import { Checkbox, Field, Select } from '../../ui/Field'
import {
  addArea,
  addDecoration,
  addSection,
  addTable,
  ROW_NUMBERS,
  SEAT_NUMBERS,
  type SectionPlan,
} from '../model/draw'
import { boxOfAll, boxOfSection, pitchOfMap } from '../model/find'
import { type Doc, LIMITS, PITCH, type Point, ROW_PITCH } from '../model/types'
import type { Editor } from '../state'
import styles from './Inspector.module.css'
import { Choice, NumberField } from './inputs'
import { RowNumberFields, SeatNumberFields } from './NumberParts'

export type Kind = 'section' | 'area' | 'table' | 'stage'

type Props = { editor: Editor; kind: Kind | undefined; onClose: () => void }

/** Draws by numbers what the tools draw by hand. */
export function AddDialog({ editor, kind, onClose }: Props) {
  const { t } = useTranslation('editor')
  const title = kind && `${t('outline.add')}: ${t(`outline.${kind}`)}`
  return (
    <Dialog open={kind !== undefined} onClose={onClose} title={title}>
      {kind === 'section' && <SectionForm editor={editor} onDone={onClose} />}
      {kind === 'area' && <BoxForm editor={editor} kind="area" onDone={onClose} />}
      {kind === 'stage' && <BoxForm editor={editor} kind="stage" onDone={onClose} />}
      {kind === 'table' && <TableForm editor={editor} onDone={onClose} />}
    </Dialog>
  )
}

type FormProps = { editor: Editor; onDone: () => void }

/** Below everything that is drawn so far. */
function freePlace(doc: Doc): Point {
  const boxes = doc.sections
    .filter(({ rows }) => rows.some(({ seats }) => seats.length > 0))
    .map(boxOfSection)
  const bottom = boxes.length > 0 ? boxOfAll(boxes)[3] : doc.height * 0.2
  return { x: Math.round(doc.width / 2), y: Math.round(bottom + pitchOfMap(doc) * 3) }
}

function LevelSelect({
  doc,
  value,
  onChange,
}: {
  doc: Doc
  value: string
  onChange: (level: string) => void
}) {
  const { t } = useTranslation('editor')
  return (
    <Select label={t('props.level')} value={value} onChange={(event) => onChange(event.target.value)}>
      {doc.levels.map(({ key, name }) => (
        <option key={key} value={key}>
          {name}
        </option>
      ))}
    </Select>
  )
}

function SectionForm({ editor, onDone }: FormProps) {
  const { t } = useTranslation('editor')
  const { doc } = editor.now
  const pitch = Math.round(pitchOfMap(doc) * 10) / 10
  const [plan, setPlan] = useState<SectionPlan>(() => ({
    name: '',
    at: freePlace(doc),
    rows: 10,
    seats: 20,
    spacing: pitch,
    rowSpacing: (pitch * ROW_PITCH) / PITCH,
    radius: 0,
    staggered: false,
    fanned: false,
    aisles: [],
    level: doc.levels[0]?.key ?? '',
    rowNumbers: ROW_NUMBERS,
    seatNumbers: SEAT_NUMBERS,
  }))
  const set = (patch: Partial<SectionPlan>) => setPlan((now) => ({ ...now, ...patch }))
  return (
    <form
      className={styles.fields}
      onSubmit={(event) => {
        event.preventDefault()
        editor.run('addSection', (now) => addSection(now, plan))
        onDone()
      }}
    >
      <Field
        label={t('props.name')}
        value={plan.name}
        onChange={(event) => set({ name: event.target.value })}
      />
      <div className={styles.pair}>
        <NumberField
          label={t('props.rows')}
          whole
          min={1}
          max={LIMITS.rows}
          value={plan.rows}
          onCommit={(rows) => set({ rows })}
        />
        <NumberField
          label={t('props.seatsPerRow')}
          whole
          min={1}
          max={LIMITS.seats}
          value={plan.seats}
          onCommit={(seats) => set({ seats })}
        />
        <NumberField
          label={t('props.spacing')}
          min={1}
          value={plan.spacing}
          onCommit={(spacing) => set({ spacing })}
        />
        <NumberField
          label={t('props.rowSpacing')}
          min={1}
          value={plan.rowSpacing}
          onCommit={(rowSpacing) => set({ rowSpacing })}
        />
      </div>
      <NumberField
        label={t('props.radius')}
        hint={t('props.radiusHint')}
        whole
        min={0}
        value={plan.radius}
        onCommit={(radius) => set({ radius })}
      />
      <Checkbox
        label={t('props.staggered')}
        checked={plan.staggered}
        onChange={(event) => set({ staggered: event.target.checked })}
      />
      <Checkbox
        label={t('props.fanned')}
        checked={plan.fanned}
        onChange={(event) => set({ fanned: event.target.checked })}
      />
      <Field
        label={t('props.aisles')}
        hint={t('props.aislesHint')}
        onChange={(event) =>
          set({
            aisles: event.target.value
              .split(/[\s,;]+/)
              .flatMap((part) => (/^\d+$/.test(part) ? [Number(part)] : [])),
          })
        }
      />
      <LevelSelect doc={doc} value={plan.level} onChange={(level) => set({ level })} />
      <details className={styles.part}>
        <summary>{t('props.numbering')}</summary>
        <div className={styles.fields}>
          <RowNumberFields value={plan.rowNumbers} onChange={(rowNumbers) => set({ rowNumbers })} />
          <SeatNumberFields value={plan.seatNumbers} onChange={(seatNumbers) => set({ seatNumbers })} />
        </div>
      </details>
      <Place at={plan.at} onChange={(at) => set({ at })} />
      <Submit />
    </form>
  )
}

function Place({ at, onChange }: { at: Point; onChange: (at: Point) => void }) {
  const { t } = useTranslation('editor')
  return (
    <div className={styles.pair}>
      <NumberField label={t('props.x')} value={at.x} onCommit={(x) => onChange({ ...at, x })} />
      <NumberField label={t('props.y')} value={at.y} onCommit={(y) => onChange({ ...at, y })} />
    </div>
  )
}

function Submit() {
  const { t } = useTranslation('editor')
  return (
    <Button type="submit" variant="primary" wide>
      {t('outline.add')}
    </Button>
  )
}

function BoxForm({ editor, kind, onDone }: FormProps & { kind: 'area' | 'stage' }) {
  const { t } = useTranslation('editor')
  const { doc } = editor.now
  const [name, setName] = useState(kind === 'stage' ? t('stage') : '')
  const [capacity, setCapacity] = useState(100)
  const [level, setLevel] = useState(doc.levels[0]?.key ?? '')
  const [at, setAt] = useState<Point>(() =>
    kind === 'stage' ? { x: doc.width / 2, y: 200 } : freePlace(doc),
  )
  const [{ width, height }, setSize] = useState(
    kind === 'stage' ? { width: 1_200, height: 300 } : { width: 800, height: 500 },
  )
  const [left, top] = [at.x - width / 2, kind === 'stage' ? at.y - height / 2 : at.y]
  return (
    <form
      className={styles.fields}
      onSubmit={(event) => {
        event.preventDefault()
        const shape = { type: 'rectangle', x: left, y: top, width, height } as const
        if (kind === 'area') editor.run('addArea', (now) => addArea(now, { name, capacity, level, shape }))
        else {
          editor.run('addDecoration', (now) => {
            const added = addDecoration(now, { ...(name && { text: name }), shape })
            return now.decorations.length === 0 ? { ...added, doc: { ...added.doc, focalPoint: at } } : added
          })
        }
        onDone()
      }}
    >
      <Field
        label={kind === 'stage' ? t('props.text') : t('props.name')}
        value={name}
        onChange={(event) => setName(event.target.value)}
      />
      {kind === 'area' && (
        <>
          <NumberField
            label={t('props.capacity')}
            whole
            min={1}
            max={LIMITS.areaCapacity}
            value={capacity}
            onCommit={setCapacity}
          />
          <LevelSelect doc={doc} value={level} onChange={setLevel} />
        </>
      )}
      <div className={styles.pair}>
        <NumberField
          label={t('props.width')}
          min={1}
          value={width}
          onCommit={(value) => setSize({ width: value, height })}
        />
        <NumberField
          label={t('props.height')}
          min={1}
          value={height}
          onCommit={(value) => setSize({ width, height: value })}
        />
      </div>
      <Place at={at} onChange={setAt} />
      <Submit />
    </form>
  )
}

function TableForm({ editor, onDone }: FormProps) {
  const { t } = useTranslation('editor')
  const { doc } = editor.now
  const [form, setForm] = useState<'round' | 'long'>('round')
  const [chairs, setChairs] = useState(8)
  const [level, setLevel] = useState(doc.levels[0]?.key ?? '')
  const [at, setAt] = useState(() => freePlace(doc))
  return (
    <form
      className={styles.fields}
      onSubmit={(event) => {
        event.preventDefault()
        editor.run('addTable', (now) =>
          addTable(now, {
            at,
            form,
            chairs,
            level,
            spacing: pitchOfMap(now),
            section: now.sections.find(({ id }) => id.startsWith('tables'))?.uid,
            sectionName: t('tables'),
          }),
        )
        onDone()
      }}
    >
      <Choice
        label={t('props.tableForm')}
        value={form}
        options={[
          { value: 'round', label: t('props.round') },
          { value: 'long', label: t('props.long') },
        ]}
        onChange={setForm}
      />
      <NumberField label={t('props.chairs')} whole min={1} max={60} value={chairs} onCommit={setChairs} />
      <LevelSelect doc={doc} value={level} onChange={setLevel} />
      <Place at={at} onChange={setAt} />
      <Submit />
    </form>
  )
}
