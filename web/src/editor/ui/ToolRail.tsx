import { useTranslation } from 'react-i18next'
import { type Brush, type Editor, type Grain, type Tool, useEditing } from '../state'
import { Glyph } from './Glyph'
import { Choice } from './inputs'
import styles from './Workbench.module.css'

export const TOOLS: readonly { tool: Tool; key: string }[] = [
  { tool: 'select', key: 'V' },
  { tool: 'section', key: 'S' },
  { tool: 'area', key: 'A' },
  { tool: 'table', key: 'T' },
  { tool: 'stage', key: 'G' },
  { tool: 'brush', key: 'B' },
  { tool: 'pan', key: 'H' },
]

const GRAINS: readonly Grain[] = ['section', 'row', 'seat']

export function ToolRail({ editor }: { editor: Editor }) {
  const { t } = useTranslation('editor')
  const { tool, grain, brush, doc } = useEditing(editor)
  return (
    <div className={styles.rail}>
      <div className={styles.tools} role="toolbar" aria-label={t('tool.label')}>
        {TOOLS.map(({ tool: one, key }) => (
          <button
            key={one}
            type="button"
            aria-pressed={tool === one}
            aria-label={t(`tool.${one}`)}
            aria-keyshortcuts={key}
            title={`${t(`tool.${one}`)} (${key})`}
            onClick={() => editor.use({ tool: one })}
          >
            <Glyph name={one} size={22} />
          </button>
        ))}
      </div>
      {tool === 'select' && (
        <Choice
          label={t('grain.label')}
          hideLabel
          value={grain}
          options={GRAINS.map((value) => ({ value, label: t(`grain.${value}`) }))}
          onChange={(value) => editor.use({ grain: value })}
        />
      )}
      {tool === 'brush' && (
        <Choice
          label={t('brush.label')}
          hideLabel
          value={nameOf(brush)}
          options={[
            ...doc.levels.map((level, at) => ({
              value: `level:${level.key}`,
              label: (
                <>
                  <LevelDot at={at} /> {level.name}
                </>
              ),
            })),
            ...(['accessible', 'companion', 'restrictedView'] as const).map((flag) => ({
              value: `flag:${flag}`,
              label: t(`flag.${flag}`),
            })),
            { value: 'flag:plain', label: t('brush.plain') },
          ]}
          onChange={(value) => editor.use({ brush: brushOf(value) })}
        />
      )}
      <p className={styles.hint}>{t(`hint.${tool}`)}</p>
    </div>
  )
}

/** The colour of a level in the order of the map, as the fan's map paints it. */
export function LevelDot({ at }: { at: number }) {
  const color = at < 0 ? {} : { background: `var(--level-${(at % 6) + 1})` }
  return <span className={styles.dot} style={color} aria-hidden="true" />
}

function nameOf(brush: Brush): string {
  return 'level' in brush ? `level:${brush.level}` : `flag:${brush.flag}`
}

function brushOf(name: string): Brush {
  const value = name.slice(name.indexOf(':') + 1)
  return name.startsWith('level:') ? { level: value } : ({ flag: value } as Brush)
}
