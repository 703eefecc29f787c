import { useTranslation } from 'react-i18next'
import { Select } from '../../ui/Field'
import { patchArea, patchDecoration, takenIds } from '../model/edit'
import { boxOfShape, cornersOf, middleOf } from '../model/shape'
import { type Area, type Decoration, LIMITS, type Point, type Shape } from '../model/types'
import { isKey } from '../model/wire'
import type { Editor } from '../state'
import styles from './Inspector.module.css'
import { NumberField, Part, TextField } from './inputs'

export function AreaParts({ editor, area }: { editor: Editor; area: Area }) {
  const { t } = useTranslation('editor')
  const set = (name: string, patch: Partial<Area>) =>
    editor.run(name, (now) => patchArea(now, area.uid, patch))
  return (
    <>
      <Part title={t('props.name')}>
        <TextField
          label={t('props.name')}
          required
          value={area.name}
          onCommit={(name) => set('rename', { name })}
        />
        <TextField
          label={t('props.id')}
          hint={area.published ? t('props.idFixed') : undefined}
          disabled={area.published}
          required
          value={area.id}
          onCommit={(id) => {
            if (isKey(id) && !takenIds(editor.now.doc).has(id)) set('rename', { id })
          }}
        />
        <NumberField
          label={t('props.capacity')}
          whole
          min={1}
          max={LIMITS.areaCapacity}
          value={area.capacity}
          onCommit={(capacity) => set('resize', { capacity })}
        />
      </Part>
      <Part title={t('props.outlineOf')} open={false}>
        <ShapeFields shape={area.shape} onChange={(shape) => set('form', { shape })} />
      </Part>
    </>
  )
}

export function DecorationParts({ editor, drawn }: { editor: Editor; drawn: Decoration }) {
  const { t } = useTranslation('editor')
  const change = (name: string, make: (drawn: Decoration) => Decoration) =>
    editor.run(name, (now) => patchDecoration(now, drawn.uid, make))
  return (
    <Part title={t('props.decoration')}>
      <TextField
        label={t('props.text')}
        value={drawn.text ?? ''}
        onCommit={(text) => change('rename', ({ text: _, ...rest }) => ({ ...rest, ...(text && { text }) }))}
      />
      <ShapeFields
        shape={drawn.shape}
        withLabel
        onChange={(shape) => change('form', (one) => ({ ...one, shape }))}
      />
    </Part>
  )
}

type Props = { shape: Shape | undefined; withLabel?: boolean; onChange: (shape: Shape) => void }

/** Any shape by numbers, and changed into another kind around the same middle. */
function ShapeFields({ shape, withLabel = false, onChange }: Props) {
  const { t } = useTranslation('editor')
  if (!shape) return null
  return (
    <>
      <Select
        label={t('props.shape')}
        value={shape.type}
        onChange={(event) => onChange(turnInto(shape, event.target.value as Shape['type']))}
      >
        <option value="rectangle">{t('props.rectangle')}</option>
        <option value="ellipse">{t('props.ellipse')}</option>
        <option value="polygon">{t('props.corners')}</option>
        {withLabel && <option value="label">{t('props.labelShape')}</option>}
      </Select>
      {shape.type === 'polygon' ? (
        <TextField
          label={t('props.corners')}
          value={shape.points.map(({ x, y }) => `${x},${y}`).join(' ')}
          onCommit={(text) => {
            const points = pointsOf(text)
            if (points) onChange({ type: 'polygon', points })
          }}
        />
      ) : (
        <div className={styles.pair}>
          <NumberField label={t('props.x')} value={shape.x} onCommit={(x) => onChange({ ...shape, x })} />
          <NumberField label={t('props.y')} value={shape.y} onCommit={(y) => onChange({ ...shape, y })} />
        </div>
      )}
      {shape.type === 'rectangle' && (
        <div className={styles.pair}>
          <NumberField
            label={t('props.width')}
            min={1}
            value={shape.width}
            onCommit={(width) => onChange({ ...shape, width })}
          />
          <NumberField
            label={t('props.height')}
            min={1}
            value={shape.height}
            onCommit={(height) => onChange({ ...shape, height })}
          />
        </div>
      )}
      {shape.type === 'ellipse' && (
        <div className={styles.pair}>
          <NumberField
            label={t('props.width')}
            min={1}
            value={shape.rx * 2}
            onCommit={(width) => onChange({ ...shape, rx: width / 2 })}
          />
          <NumberField
            label={t('props.height')}
            min={1}
            value={shape.ry * 2}
            onCommit={(height) => onChange({ ...shape, ry: height / 2 })}
          />
        </div>
      )}
      {(shape.type === 'rectangle' || shape.type === 'ellipse') && (
        <NumberField
          label={t('props.rotation')}
          min={-360}
          max={360}
          value={shape.rotation ?? 0}
          onCommit={(rotation) => onChange({ ...shape, rotation })}
        />
      )}
    </>
  )
}

/** At least three corners, or nothing. */
function pointsOf(text: string): Point[] | undefined {
  const points = [...text.matchAll(/(-?\d+(?:\.\d+)?)\s*,\s*(-?\d+(?:\.\d+)?)/g)].map(([, x, y]) => ({
    x: Number(x),
    y: Number(y),
  }))
  return points.length >= 3 && points.length <= 1_000 ? points : undefined
}

function turnInto(shape: Shape, type: Shape['type']): Shape {
  if (shape.type === type) return shape
  const box =
    shape.type === 'label'
      ? ([shape.x - 200, shape.y - 60, shape.x + 200, shape.y + 60] as const)
      : boxOfShape(shape)
  const { x, y } = middleOf(box)
  const [width, height] = [Math.max(1, box[2] - box[0]), Math.max(1, box[3] - box[1])]
  switch (type) {
    case 'rectangle':
      return { type, x: box[0], y: box[1], width, height }
    case 'ellipse':
      return { type, x, y, rx: width / 2, ry: height / 2 }
    case 'label':
      return { type, x, y }
    case 'polygon':
      return {
        type,
        points: cornersOf(
          shape.type === 'label' ? { type: 'rectangle', x: box[0], y: box[1], width, height } : shape,
        ).map((corner) => ({ x: Math.round(corner.x), y: Math.round(corner.y) })),
      }
  }
}
