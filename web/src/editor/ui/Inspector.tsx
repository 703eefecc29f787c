import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Button } from '../../ui/Button'
import { Select } from '../../ui/Field'
import { align, distribute, duplicate, moveThings, removeThings, type Side } from '../model/edit'
import { find, findAll, pitchOfMap, seatsOf } from '../model/find'
import { type Editor, useEditing } from '../state'
import { AreaParts, DecorationParts } from './DrawnParts'
import { Glyph, type GlyphName } from './Glyph'
import styles from './Inspector.module.css'
import { NumberField, Part } from './inputs'
import { LevelsPart, MapPart } from './MapParts'
import { MarksPart } from './MarksPart'
import { RowParts, SeatParts } from './RowParts'
import { SectionParts } from './SectionParts'

/** Everything about what is chosen, as forms. With nothing chosen, about the map. */
export function Inspector({ editor }: { editor: Editor }) {
  const { t } = useTranslation('editor')
  const { doc, selection } = useEditing(editor)
  if (selection.size === 0) {
    return (
      <div className={styles.panel}>
        <h2 className={styles.title}>{t('props.map')}</h2>
        <MapPart editor={editor} />
        <LevelsPart editor={editor} />
      </div>
    )
  }
  const first = selection.size === 1 ? find(doc, [...selection][0]!) : undefined
  return (
    <div className={styles.panel}>
      <h2 className={styles.title}>
        <Title editor={editor} />
      </h2>
      <Actions editor={editor} />
      {first?.kind === 'section' && (
        <SectionParts key={first.section.uid} editor={editor} section={first.section} />
      )}
      {first?.kind === 'row' && (
        <RowParts key={first.row.uid} editor={editor} section={first.section} row={first.row} />
      )}
      {first?.kind === 'seat' && (
        <SeatParts
          key={first.seat.uid}
          editor={editor}
          section={first.section}
          row={first.row}
          seat={first.seat}
        />
      )}
      {first?.kind === 'area' && <AreaParts key={first.area.uid} editor={editor} area={first.area} />}
      {first?.kind === 'decoration' && (
        <DecorationParts key={first.decoration.uid} editor={editor} drawn={first.decoration} />
      )}
      {first?.kind !== 'decoration' && <MarksPart editor={editor} />}
      <MovePart editor={editor} />
    </div>
  )
}

function Title({ editor }: { editor: Editor }) {
  const { t } = useTranslation('editor')
  const { doc, selection } = useEditing(editor)
  const found = selection.size === 1 ? find(doc, [...selection][0]!) : undefined
  switch (found?.kind) {
    case 'section':
      return t('props.section', { name: found.section.name })
    case 'row':
      return t('props.row', { label: found.row.label, section: found.section.name })
    case 'seat':
      return t('props.seat', { label: found.seat.label, row: found.row.label, section: found.section.name })
    case 'area':
      return t('props.area', { name: found.area.name })
    case 'decoration':
      return t('props.decoration')
    default:
      return t('props.several', { count: selection.size })
  }
}

function Actions({ editor }: { editor: Editor }) {
  const { t } = useTranslation('editor')
  const { doc } = useEditing(editor)
  const step = pitchOfMap(doc)
  const actions: { name: GlyphName; label: string; run: () => void }[] = [
    {
      name: 'copy',
      label: t('action.duplicate'),
      run: () => editor.run('duplicate', (now, chosen) => duplicate(now, chosen, step, step)),
    },
    {
      name: 'mirror',
      label: t('action.mirror'),
      run: () => editor.run('mirror', (now, chosen) => moveThings(now, chosen, { mirror: true })),
    },
    {
      name: 'turnLeft',
      label: t('action.turnLeft'),
      run: () => editor.run('turn', (now, chosen) => moveThings(now, chosen, { angle: -15 })),
    },
    {
      name: 'turnRight',
      label: t('action.turnRight'),
      run: () => editor.run('turn', (now, chosen) => moveThings(now, chosen, { angle: 15 })),
    },
    { name: 'trash', label: t('action.remove'), run: () => editor.run('remove', removeThings) },
  ]
  return (
    <div className={styles.actions}>
      {actions.map(({ name, label, run }) => (
        <button key={name} type="button" aria-label={label} title={label} onClick={run}>
          <Glyph name={name} />
        </button>
      ))}
    </div>
  )
}

/** Moving, turning and lining up by numbers. */
function MovePart({ editor }: { editor: Editor }) {
  const { t } = useTranslation('editor')
  const { doc, selection } = useEditing(editor)
  const [[dx, dy, angle], setBy] = useState([0, 0, 0])
  const [side, setSide] = useState<Side | 'x' | 'y'>('left')
  const parts = findAll(doc, selection)
  const isOnlySeats = parts.every(({ kind }) => kind === 'seat')
  const run = () => {
    if (side === 'x' || side === 'y') editor.run('distribute', (now, chosen) => distribute(now, chosen, side))
    else editor.run('align', (now, chosen) => align(now, chosen, side))
  }
  return (
    <Part title={t('props.place')} open={!isOnlySeats && seatsOf(doc, selection).length === 0}>
      <div className={styles.pair}>
        <NumberField label={t('props.x')} value={dx!} onCommit={(value) => setBy([value, dy!, angle!])} />
        <NumberField label={t('props.y')} value={dy!} onCommit={(value) => setBy([dx!, value, angle!])} />
      </div>
      <Button
        size="s"
        onClick={() => editor.run('move', (now, chosen) => moveThings(now, chosen, { dx: dx!, dy: dy! }))}
      >
        {t('props.moveBy')}
      </Button>
      <NumberField
        label={t('props.degrees')}
        min={-360}
        max={360}
        value={angle!}
        onCommit={(value) => setBy([dx!, dy!, value])}
      />
      <Button
        size="s"
        onClick={() => editor.run('turn', (now, chosen) => moveThings(now, chosen, { angle: angle! }))}
      >
        {t('props.turnBy')}
      </Button>
      {selection.size > 1 && (
        <>
          <Select
            label={t('action.align')}
            value={side}
            onChange={(event) => setSide(event.target.value as Side | 'x' | 'y')}
          >
            {(['left', 'center', 'right', 'top', 'middle', 'bottom', 'x', 'y'] as const).map((one) => (
              <option key={one} value={one}>
                {t(`action.${one}`)}
              </option>
            ))}
          </Select>
          <Button size="s" onClick={run}>
            {t('props.apply')}
          </Button>
        </>
      )}
    </Part>
  )
}
