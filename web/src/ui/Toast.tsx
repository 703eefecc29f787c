import { useEffect, useSyncExternalStore } from 'react'
import { useTranslation } from 'react-i18next'
import { cx } from './cx'
import { Icon } from './Icon'
import styles from './Toast.module.css'

type Toast = {
  id: number
  text: string
  tone: 'plain' | 'good' | 'bad'
  action?: { label: string; run: () => void }
}

/** Long enough to read twice; a toast with an action stays until it is dismissed. */
const SHOWN_MS = 7_000

let toasts: readonly Toast[] = []
let next = 1
const listeners = new Set<() => void>()

function set(now: readonly Toast[]): void {
  toasts = now
  for (const listener of listeners) listener()
}

/** Says something that needs no answer, without taking the focus. Returns what takes it away again. */
export function toast(text: string, options: Partial<Pick<Toast, 'tone' | 'action'>> = {}): () => void {
  const id = next++
  set([...toasts.slice(-2), { id, text, tone: 'plain', ...options }])
  return () => dismiss(id)
}

const dismiss = (id: number) => set(toasts.filter((shown) => shown.id !== id))

export function Toasts() {
  const shown = useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    () => toasts,
  )
  return (
    <div className={styles.toasts} role="status" aria-live="polite">
      {shown.map((one) => (
        <One key={one.id} toast={one} />
      ))}
    </div>
  )
}

function One({ toast: { id, text, tone, action } }: { toast: Toast }) {
  const { t } = useTranslation()
  const stays = action !== undefined
  useEffect(() => {
    if (stays) return
    const timer = setTimeout(() => dismiss(id), SHOWN_MS)
    return () => clearTimeout(timer)
  }, [id, stays])
  return (
    <div className={cx(styles.toast, styles[tone])}>
      <p>{text}</p>
      {action && (
        <button
          type="button"
          className={styles.action}
          onClick={() => {
            dismiss(id)
            action.run()
          }}
        >
          {action.label}
        </button>
      )}
      <button
        type="button"
        className={styles.close}
        aria-label={t('action.dismiss')}
        onClick={() => dismiss(id)}
      >
        <Icon name="close" size={18} />
      </button>
    </div>
  )
}
