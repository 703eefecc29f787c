import { useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Icon } from '../../ui/Icon'
import styles from './SearchBox.module.css'

/** Long enough not to ask for every letter, short enough to feel like typing into the list. */
const PAUSE_MS = 180

type Props = { value: string | undefined; onChange: (value: string | undefined) => void }

export function SearchBox({ value = '', onChange }: Props) {
  const { t } = useTranslation('discover')
  const [text, setText] = useState(value)
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  // The address can change without us: the back button, or the filters being cleared.
  const told = useRef(value)
  useEffect(() => {
    if (value !== told.current) setText(value)
    told.current = value
  }, [value])
  useEffect(() => () => clearTimeout(timer.current), [])
  const tell = (next: string) => {
    clearTimeout(timer.current)
    told.current = next.trim()
    onChange(next.trim() || undefined)
  }
  return (
    <search className={styles.box}>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          tell(text)
        }}
      >
        <label className="visually-hidden" htmlFor="search">
          {t('search')}
        </label>
        <span className={styles.icon}>
          <Icon name="search" size={24} />
        </span>
        <input
          id="search"
          type="search"
          className={styles.input}
          value={text}
          maxLength={200}
          placeholder={t('searchPlaceholder')}
          autoComplete="off"
          enterKeyHint="search"
          onChange={(event) => {
            const next = event.target.value
            setText(next)
            clearTimeout(timer.current)
            timer.current = setTimeout(() => tell(next), PAUSE_MS)
          }}
        />
      </form>
    </search>
  )
}
