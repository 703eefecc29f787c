import { useTranslation } from 'react-i18next'
import { Checkbox } from '../../ui/Field'
import { patchRow, patchSeat } from '../model/edit'
import { facing, reformRow, resize, toggleAisle } from '../model/form'
import { curveOf } from '../model/geometry'
import { LIMITS, type Row, type Seat, type Section } from '../model/types'
import { seatIds } from '../model/wire'
import type { Editor } from '../state'
import styles from './Inspector.module.css'
import { NumberField, Part, TextField } from './inputs'
import { SeatNumberPart } from './NumberParts'
import { LevelDot } from './ToolRail'

type Props = { editor: Editor; section: Section; row: Row }

export function RowParts({ editor, row }: Props) {
  const { t } = useTranslation('editor')
  const curve = curveOf(row.seats)
  const side = facing(row, editor.now.doc.focalPoint)
  const patch = (name: string, change: (row: Row) => Row) =>
    editor.run(name, (now) => patchRow(now, row.uid, change))
  return (
    <>
      <Part title={t('props.name')}>
        <TextField
          label={t('props.label2')}
          required
          value={row.label}
          onCommit={(label) => patch('rename', (one) => ({ ...one, label }))}
        />
      </Part>
      <Part title={t('props.form')}>
        <NumberField
          label={t('props.seats')}
          whole
          min={0}
          max={LIMITS.seats}
          value={row.seats.length}
          onCommit={(count) => editor.run('resize', (now) => resize(now, row.uid, count))}
        />
        {curve ? (
          <>
            <NumberField
              label={t('props.spacing')}
              min={1}
              value={curve.spacing}
              onCommit={(spacing) => patch('form', (one) => reformRow(one, { spacing }))}
            />
            <NumberField
              label={t('props.radius')}
              hint={t('props.radiusHint')}
              whole
              value={Math.abs(curve.bend) < 1e-9 ? 0 : side / curve.bend}
              onCommit={(radius) =>
                patch('form', (one) => reformRow(one, { bend: radius === 0 ? 0 : side / radius }))
              }
            />
            <TextField
              label={t('props.aisles')}
              hint={t('props.aislesHint')}
              value={curve.aisles.map((at) => at + 1).join(', ')}
              onCommit={(text) => patch('aisle', (one) => withAisles(one, text))}
            />
          </>
        ) : (
          <p>{t('props.free')}</p>
        )}
      </Part>
      <Part title={t('props.seatList')}>
        <SeatGrid editor={editor} row={row} />
      </Part>
      <SeatNumberPart onRun={(change) => patch('number', change)} />
    </>
  )
}

function withAisles(row: Row, text: string): Row {
  const wanted = new Set(
    text.split(/[\s,;]+/).flatMap((part) => (/^\d+$/.test(part) ? [Number(part) - 1] : [])),
  )
  const curve = curveOf(row.seats)
  if (!curve) return row
  const before = new Set(curve.aisles)
  const changed = row.seats.flatMap((_, at) => (wanted.has(at) !== before.has(at) ? [at] : []))
  return changed.reduce(toggleAisle, row)
}

/** The seats of a row as buttons in their order: chooses one of them. */
function SeatGrid({ editor, row }: { editor: Editor; row: Row }) {
  const { t } = useTranslation('editor')
  const { levels } = editor.now.doc
  return (
    <div className={styles.grid}>
      {row.seats.map((seat) => {
        const marks = (['accessible', 'companion', 'restrictedView'] as const).filter((flag) => seat[flag])
        const level = levels.findIndex(({ key }) => key === seat.level)
        const name = [
          seat.label,
          levels[level]?.name ?? t('props.noLevel'),
          ...marks.map((flag) => t(`flag.${flag}`)),
        ]
        return (
          <button
            key={seat.uid}
            type="button"
            aria-label={name.join(', ')}
            title={name.join(', ')}
            data-marks={marks.join(' ') || undefined}
            onClick={() => {
              editor.select([seat.uid])
              editor.use({ grain: 'seat' })
            }}
          >
            <LevelDot at={level} />
            {seat.label}
          </button>
        )
      })}
    </div>
  )
}

export function SeatParts({ editor, row, seat }: Props & { seat: Seat }) {
  const { t } = useTranslation('editor')
  const at = row.seats.indexOf(seat)
  const curve = curveOf(row.seats)
  const patch = (name: string, change: Partial<Pick<Seat, 'label' | 'x' | 'y'>>) =>
    editor.run(name, (now) => patchSeat(now, seat.uid, change))
  return (
    <Part title={t('props.name')}>
      <TextField
        label={t('props.label2')}
        required
        value={seat.label}
        hint={seat.key && t('props.keyFixed', { id: seatIds(editor.now.doc).get(seat.uid) ?? '' })}
        onCommit={(label) => patch('rename', { label })}
      />
      <div className={styles.pair}>
        <NumberField label={t('props.x')} value={seat.x} onCommit={(x) => patch('move', { x })} />
        <NumberField label={t('props.y')} value={seat.y} onCommit={(y) => patch('move', { y })} />
      </div>
      {curve && at < row.seats.length - 1 && (
        <Checkbox
          label={t('props.aisleAfter')}
          checked={curve.aisles.includes(at)}
          onChange={() => editor.run('aisle', (now) => patchRow(now, row.uid, (one) => toggleAisle(one, at)))}
        />
      )}
    </Part>
  )
}
