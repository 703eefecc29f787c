import { useTranslation } from 'react-i18next'
import { Checkbox, Select } from '../../ui/Field'
import { setFlag, setLevel } from '../model/edit'
import { findAll, seatsOf } from '../model/find'
import type { Flag } from '../model/types'
import { type Editor, useEditing } from '../state'
import styles from './Inspector.module.css'
import { Part } from './inputs'

const FLAGS: readonly Flag[] = ['accessible', 'companion', 'restrictedView']

/** The price level of everything chosen, and what is special about its seats. */
export function MarksPart({ editor }: { editor: Editor }) {
  const { t } = useTranslation('editor')
  const { doc, selection } = useEditing(editor)
  const seats = seatsOf(doc, selection)
  const areas = findAll(doc, selection).flatMap((found) => (found.kind === 'area' ? [found.area] : []))
  const levels = new Set([...seats, ...areas].map(({ level }) => level))
  if (levels.size === 0) return null
  const [level = ''] = levels
  return (
    <Part title={t('props.marks')}>
      <Select
        label={t('props.level')}
        value={levels.size > 1 ? 'mixed' : `key:${level}`}
        onChange={(event) => {
          const key = event.target.value
          if (key !== 'mixed') editor.run('paint', (now, chosen) => setLevel(now, chosen, key.slice(4)))
        }}
      >
        {levels.size > 1 && <option value="mixed">{t('props.mixed')}</option>}
        {doc.levels.map(({ key, name }) => (
          <option key={key} value={`key:${key}`}>
            {name}
          </option>
        ))}
        {!doc.levels.some(({ key }) => key === level) && (
          <option value={`key:${level}`}>{t('props.noLevel')}</option>
        )}
      </Select>
      {seats.length > 0 && (
        <fieldset className={styles.flags}>
          <legend className="visually-hidden">{t('props.seatsChosen', { count: seats.length })}</legend>
          {FLAGS.map((flag) => {
            const count = seats.filter((seat) => seat[flag]).length
            return (
              <Checkbox
                key={flag}
                label={
                  count > 0 && count < seats.length ? `${t(`flag.${flag}`)} (${count})` : t(`flag.${flag}`)
                }
                checked={count === seats.length}
                onChange={(event) => {
                  const { checked } = event.target
                  editor.run('flag', (now, chosen) => setFlag(now, chosen, flag, checked))
                }}
              />
            )
          })}
        </fieldset>
      )}
    </Part>
  )
}
