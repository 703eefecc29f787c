import { useTranslation } from 'react-i18next'
import { Button } from '../../ui/Button'
import { fitMap } from '../model/checks'
import { removeLevel, setLevels } from '../model/edit'
import { type Doc, LIMITS } from '../model/types'
import { freeKey } from '../model/wire'
import { type Editor, useEditing } from '../state'
import { Glyph } from './Glyph'
import styles from './Inspector.module.css'
import { NumberField, Part, TextField } from './inputs'
import { LevelDot } from './ToolRail'

export function MapPart({ editor }: { editor: Editor }) {
  const { t } = useTranslation('editor')
  const { doc } = useEditing(editor)
  const set = (patch: Partial<Doc>) => editor.run('map', (now) => ({ ...now, ...patch }))
  const focus = doc.focalPoint ?? { x: doc.width / 2, y: 0 }
  return (
    <div className={styles.fields}>
      <TextField label={t('props.mapName')} value={doc.name ?? ''} onCommit={(name) => set({ name })} />
      <div className={styles.pair}>
        <NumberField
          label={t('props.width')}
          min={1}
          max={LIMITS.extent}
          value={doc.width}
          onCommit={(width) => set({ width })}
        />
        <NumberField
          label={t('props.height')}
          min={1}
          max={LIMITS.extent}
          value={doc.height}
          onCommit={(height) => set({ height })}
        />
      </div>
      <div className={styles.pair}>
        <NumberField
          label={t('props.focusX')}
          value={focus.x}
          onCommit={(x) => set({ focalPoint: { ...focus, x } })}
        />
        <NumberField
          label={t('props.focusY')}
          value={focus.y}
          onCommit={(y) => set({ focalPoint: { ...focus, y } })}
        />
      </div>
      <Button size="s" onClick={() => editor.run('map', fitMap)}>
        {t('props.fit')}
      </Button>
    </div>
  )
}

export function LevelsPart({ editor }: { editor: Editor }) {
  const { t } = useTranslation('editor')
  const { doc } = useEditing(editor)
  const counts = new Map<string, number>()
  const add = (level: string, count: number) => counts.set(level, (counts.get(level) ?? 0) + count)
  for (const { rows } of doc.sections)
    for (const { seats } of rows) for (const { level } of seats) add(level, 1)
  for (const { level, capacity } of doc.areas) add(level, capacity)
  const addLevel = () =>
    editor.run('levels', (now) => {
      const name = t('levels.new')
      const key = freeKey(`level${now.levels.length + 1}`, new Set(now.levels.map((level) => level.key)))
      return setLevels(now, [...now.levels, { key, name }])
    })
  return (
    <Part title={t('levels.title')}>
      <p className={styles.note}>{t('levels.hint')}</p>
      <ul className={styles.levels}>
        {doc.levels.map((level, at) => (
          <li key={level.key}>
            <LevelDot at={at} />
            <TextField
              label={
                <>
                  <span className="visually-hidden">{t('levels.name')} </span>
                  {level.key} · {t('levels.count', { count: counts.get(level.key) ?? 0 })}
                </>
              }
              required
              value={level.name}
              onCommit={(name) =>
                editor.run('levels', (now) =>
                  setLevels(
                    now,
                    now.levels.map((one) => (one.key === level.key ? { ...one, name } : one)),
                  ),
                )
              }
            />
            <button
              type="button"
              className={styles.icon}
              disabled={doc.levels.length === 1}
              aria-label={t('levels.remove', { name: level.name })}
              onClick={() => editor.run('levels', (now) => removeLevel(now, level.key, ''))}
            >
              <Glyph name="trash" size={18} />
            </button>
          </li>
        ))}
      </ul>
      <Button size="s" onClick={addLevel}>
        {t('levels.add')}
      </Button>
    </Part>
  )
}
