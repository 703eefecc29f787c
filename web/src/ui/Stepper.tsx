import { useId } from 'react'
import { useTranslation } from 'react-i18next'
import styles from './Stepper.module.css'

type Props = {
  label: string
  hint?: string
  value: number
  min?: number
  max: number
  onChange: (value: number) => void
}

/** A small number chosen by two large buttons; a spin button to who cannot see it. */
export function Stepper({ label, hint, value, min = 0, max, onChange }: Props) {
  const { t } = useTranslation()
  const id = useId()
  return (
    <fieldset className={styles.stepper} aria-labelledby={id}>
      <span id={id} className={styles.label}>
        {label}
        {hint && <span className={styles.hint}>{hint}</span>}
      </span>
      <span className={styles.controls}>
        <button
          type="button"
          disabled={value <= min}
          aria-label={t('action.fewer', { what: label })}
          onClick={() => onChange(value - 1)}
        >
          −
        </button>
        <output aria-live="polite">{value}</output>
        <button
          type="button"
          disabled={value >= max}
          aria-label={t('action.more', { what: label })}
          onClick={() => onChange(value + 1)}
        >
          +
        </button>
      </span>
    </fieldset>
  )
}
