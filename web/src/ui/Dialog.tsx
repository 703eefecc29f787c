import { type ReactNode, useEffect, useId, useLayoutEffect, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import { cx } from './cx'
import styles from './Dialog.module.css'
import { Icon } from './Icon'

type Props = {
  open: boolean
  /** Also when the person presses Escape or the backdrop. */
  onClose: () => void
  title: ReactNode
  children: ReactNode
  /** Escape, the backdrop and the cross do nothing, as while money moves. */
  locked?: boolean
  wide?: boolean
}

/** A modal by the platform's `<dialog>`: focus, Escape and what is behind it are the browser's work. */
export function Dialog({ open, onClose, title, children, locked = false, wide = false }: Props) {
  const { t } = useTranslation()
  const ref = useRef<HTMLDialogElement>(null)
  const titleId = useId()
  // Closed before it leaves the page: a dialog that is only removed takes the focus with it, where a closed
  // one gives it back to what opened it.
  useLayoutEffect(() => {
    const dialog = ref.current
    if (!open || !dialog) return
    dialog.showModal()
    return () => dialog.close()
  }, [open])
  // Pressed twice, Escape would close without asking, and for a moment keys would reach what is behind.
  useEffect(() => {
    if (!open || !locked) return
    const stay = (event: KeyboardEvent) => {
      if (event.key === 'Escape') event.preventDefault()
    }
    document.addEventListener('keydown', stay, true)
    return () => document.removeEventListener('keydown', stay, true)
  }, [open, locked])
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape is the keyboard's way, and the browser's own
    <dialog
      ref={ref}
      className={cx(styles.dialog, wide && styles.wide)}
      aria-labelledby={titleId}
      onCancel={(event) => {
        event.preventDefault()
        if (!locked && event.target === ref.current) onClose()
      }}
      onClose={() => {
        // Not every way of closing asks: a phone's gesture back does not.
        const dialog = ref.current
        if (!open || !dialog || dialog.open) return
        if (locked) dialog.showModal()
        else onClose()
      }}
      onClick={(event) => {
        if (!locked && event.target === ref.current) onClose()
      }}
    >
      {open && (
        <div className={styles.inside}>
          <header className={styles.head}>
            <h2 id={titleId} className={styles.title}>
              {title}
            </h2>
            {!locked && (
              <button type="button" className={styles.close} aria-label={t('action.close')} onClick={onClose}>
                <Icon name="close" />
              </button>
            )}
          </header>
          {children}
        </div>
      )}
    </dialog>
  )
}
