import {
  type InputHTMLAttributes,
  type ReactNode,
  type Ref,
  type SelectHTMLAttributes,
  type TextareaHTMLAttributes,
  useId,
} from 'react'
import { cx } from './cx'
import styles from './Field.module.css'

type Common = {
  label: ReactNode
  hint?: ReactNode
  error?: ReactNode
  hideLabel?: boolean
  className?: string
}

type FieldProps = Common & Omit<InputHTMLAttributes<HTMLInputElement>, 'id'> & { ref?: Ref<HTMLInputElement> }

/** A text field with its label, what to know before filling it, and what is wrong with it. */
export function Field({ label, hint, error, hideLabel, className, ...input }: FieldProps) {
  const id = useId()
  return (
    <Frame {...{ id, label, hint, error, hideLabel, className }}>
      <input {...input} {...described(id, hint, error)} className={styles.input} />
    </Frame>
  )
}

type TextAreaProps = Common & Omit<TextareaHTMLAttributes<HTMLTextAreaElement>, 'id'>

/** The same for text of several lines. */
export function TextArea({ label, hint, error, hideLabel, className, ...area }: TextAreaProps) {
  const id = useId()
  return (
    <Frame {...{ id, label, hint, error, hideLabel, className }}>
      <textarea {...area} {...described(id, hint, error)} className={cx(styles.input, styles.area)} />
    </Frame>
  )
}

type SelectProps = Common & Omit<SelectHTMLAttributes<HTMLSelectElement>, 'id'>

export function Select({ label, hint, error, hideLabel, className, children, ...select }: SelectProps) {
  const id = useId()
  return (
    <Frame {...{ id, label, hint, error, hideLabel, className }}>
      <select {...select} {...described(id, hint, error)} className={cx(styles.input, styles.select)}>
        {children}
      </select>
    </Frame>
  )
}

type CheckboxProps = Omit<InputHTMLAttributes<HTMLInputElement>, 'id' | 'type'> & {
  label: ReactNode
  hint?: ReactNode
}

export function Checkbox({ label, hint, className, ...input }: CheckboxProps) {
  const id = useId()
  return (
    <label className={cx(styles.check, className)} htmlFor={id}>
      <input {...input} id={id} type="checkbox" aria-describedby={hint ? `${id}-hint` : undefined} />
      <span>
        {label}
        {hint && (
          <span className={styles.hint} id={`${id}-hint`}>
            {hint}
          </span>
        )}
      </span>
    </label>
  )
}

function described(id: string, hint: ReactNode, error: ReactNode) {
  const ids = [error && `${id}-error`, hint && `${id}-hint`].filter(Boolean).join(' ')
  return { id, 'aria-describedby': ids || undefined, 'aria-invalid': error ? true : undefined }
}

function Frame({
  id,
  label,
  hint,
  error,
  hideLabel,
  className,
  children,
}: Common & { id: string; children: ReactNode }) {
  return (
    <div className={cx(styles.field, className)}>
      <label htmlFor={id} className={hideLabel ? 'visually-hidden' : styles.label}>
        {label}
      </label>
      {children}
      {error && (
        <p className={styles.error} id={`${id}-error`}>
          {error}
        </p>
      )}
      {hint && (
        <p className={styles.hint} id={`${id}-hint`}>
          {hint}
        </p>
      )}
    </div>
  )
}
