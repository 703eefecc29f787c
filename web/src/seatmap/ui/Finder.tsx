import { type KeyboardEvent, useId, useMemo, useState } from 'react'
import { Icon } from '../../ui/Icon'
import { type Found, find } from '../engine/find'
import type { Describer, T } from './describe'
import styles from './Finder.module.css'
import type { LiveMap } from './useSeatMap'

type Props = { map: LiveMap; describer: Describer; t: T; onFound: (found: Found) => void }

/** "101 A 12": goes to a section, row or seat by its name. */
export function Finder({ map, describer, t, onFound }: Props) {
  const id = useId()
  const [text, setText] = useState('')
  const [active, setActive] = useState(0)
  const [isOpen, setIsOpen] = useState(false)
  const results = useMemo(() => (text.trim() === '' ? [] : find(map.plan, text)), [map, text])
  const isShown = isOpen && text.trim() !== ''

  const choose = (found: Found | undefined) => {
    if (!found) return
    setIsOpen(false)
    setText('')
    onFound(found)
  }
  const onKey = (event: KeyboardEvent) => {
    if (event.key === 'Enter') choose(results[active] ?? results[0])
    else if (event.key === 'ArrowDown') setActive((at) => Math.min(results.length - 1, at + 1))
    else if (event.key === 'ArrowUp') setActive((at) => Math.max(0, at - 1))
    else if (event.key === 'Escape' && isShown) setIsOpen(false)
    else return
    event.preventDefault()
  }
  return (
    <search className={styles.finder}>
      <label htmlFor={id} className="visually-hidden">
        {t('find.label')}
      </label>
      <Icon name="search" size={18} />
      <input
        id={id}
        type="search"
        role="combobox"
        autoComplete="off"
        enterKeyHint="go"
        placeholder={t('find.example')}
        aria-expanded={isShown && results.length > 0}
        aria-controls={`${id}-results`}
        aria-autocomplete="list"
        aria-activedescendant={isShown && results[active] ? `${id}-${active}` : undefined}
        value={text}
        onChange={(event) => {
          setText(event.target.value)
          setActive(0)
          setIsOpen(true)
        }}
        onKeyDown={onKey}
        onBlur={() => setIsOpen(false)}
      />
      <div
        id={`${id}-results`}
        role="listbox"
        aria-label={t('find.label')}
        className={styles.results}
        hidden={!isShown || results.length === 0}
      >
        {results.map((found, at) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the field that the options belong to has the keys
          <div
            key={`${found.section} ${found.row} ${found.seat}`}
            id={`${id}-${at}`}
            role="option"
            tabIndex={-1}
            aria-selected={at === active}
            onPointerDown={(event) => event.preventDefault()}
            onClick={() => choose(found)}
          >
            {nameOf(describer, found)}
          </div>
        ))}
      </div>
      {isShown && (
        <p className={results.length === 0 ? styles.none : 'visually-hidden'} role="status">
          {t('find.results', { count: results.length })}
        </p>
      )}
    </search>
  )
}

function nameOf(describer: Describer, { section, row, seat }: Found): string {
  if (seat !== undefined) return describer.seat(seat)
  if (row !== undefined) return `${describer.section(section)}, ${describer.row(row)}`
  return describer.section(section)
}
