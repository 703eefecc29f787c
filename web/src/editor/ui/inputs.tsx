import { type ReactNode, useEffect, useId, useState } from 'react'
import { Field } from '../../ui/Field'
import styles from './Inspector.module.css'

type NumberProps = {
  label: ReactNode
  hint?: ReactNode
  value: number
  min?: number
  max?: number
  whole?: boolean
  onCommit: (value: number) => void
}

/** A number that counts once it is finished: on Enter or on leaving the field. What is none goes back. */
export function NumberField({
  label,
  hint,
  value,
  min = -1e6,
  max = 1e6,
  whole = false,
  onCommit,
}: NumberProps) {
  const shown = String(Math.round(value * 100) / 100)
  const [text, setText] = useState(shown)
  useEffect(() => setText(shown), [shown])
  const finish = () => {
    const number = Number(text.replace(',', '.'))
    const wanted = Math.min(max, Math.max(min, whole ? Math.round(number) : number))
    if (text.trim() === '' || Number.isNaN(number)) setText(shown)
    else if (text !== shown) {
      setText(String(wanted))
      onCommit(wanted)
    }
  }
  return (
    <Field
      label={label}
      hint={hint}
      inputMode="decimal"
      value={text}
      onChange={(event) => setText(event.target.value)}
      onBlur={finish}
      onKeyDown={(event) => {
        if (event.key === 'Enter') finish()
        if (event.key === 'Escape') setText(shown)
      }}
    />
  )
}

type TextProps = {
  label: ReactNode
  hint?: ReactNode
  value: string
  disabled?: boolean
  required?: boolean
  onCommit: (value: string) => void
}

/** The same for words. */
export function TextField({ label, hint, value, disabled, required, onCommit }: TextProps) {
  const [text, setText] = useState(value)
  useEffect(() => setText(value), [value])
  const finish = () => {
    const words = text.trim()
    if (required && words === '') setText(value)
    else if (words !== value) onCommit(words)
  }
  return (
    <Field
      label={label}
      hint={hint}
      value={text}
      maxLength={200}
      disabled={disabled}
      onChange={(event) => setText(event.target.value)}
      onBlur={finish}
      onKeyDown={(event) => {
        if (event.key === 'Enter') finish()
        if (event.key === 'Escape') setText(value)
      }}
    />
  )
}

/** A part of the panel that opens and closes. */
export function Part({
  title,
  open = true,
  children,
}: {
  title: ReactNode
  open?: boolean
  children: ReactNode
}) {
  return (
    <details className={styles.part} open={open}>
      <summary>{title}</summary>
      <div className={styles.fields}>{children}</div>
    </details>
  )
}

type ChoiceProps<T extends string> = {
  label: string
  hideLabel?: boolean
  value: T
  options: readonly { value: T; label: ReactNode; name?: string }[]
  onChange: (value: T) => void
}

/** A few ways, one of them chosen: radio buttons side by side. */
export function Choice<T extends string>({
  label,
  hideLabel = false,
  value,
  options,
  onChange,
}: ChoiceProps<T>) {
  const name = useId()
  return (
    <fieldset className={styles.choice}>
      <legend className={hideLabel ? 'visually-hidden' : undefined}>{label}</legend>
      <div>
        {options.map((option) => (
          <label key={option.value} title={option.name}>
            <input
              type="radio"
              name={name}
              aria-label={option.name}
              checked={option.value === value}
              onChange={() => onChange(option.value)}
            />
            <span>{option.label}</span>
          </label>
        ))}
      </div>
    </fieldset>
  )
}
