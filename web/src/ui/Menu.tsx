import { type ReactNode, useId, useRef } from 'react'
import { cx } from './cx'
import styles from './Menu.module.css'

type Props = { label: ReactNode; name?: string; children: ReactNode; className?: string }

/**
 * A button that shows a list of links and buttons under it, by the platform's popover. A disclosure, not
 * an ARIA menu: Tab goes through it as through the rest of the page.
 */
export function Menu({ label, name, children, className }: Props) {
  const id = useId()
  const panel = useRef<HTMLDivElement>(null)
  return (
    <div className={styles.menu}>
      <button type="button" popoverTarget={id} className={cx(styles.toggle, className)} aria-label={name}>
        {label}
      </button>
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: what is pressed is inside, with keys of its own */}
      {/* biome-ignore lint/a11y/noStaticElementInteractions: closes after the press of what is inside */}
      <div
        ref={panel}
        id={id}
        popover="auto"
        className={styles.panel}
        onClick={(event) => {
          if ((event.target as Element).closest('a, button')) panel.current?.hidePopover()
        }}
      >
        {children}
      </div>
    </div>
  )
}
