import type { Note, SeatState } from './describe'
import styles from './SeatGlyph.module.css'

type Props = {
  state: SeatState
  /** The mark of who or what a seat is for, where it has one. */
  note?: Exclude<Note, 'aisle'> | undefined
  /** A colour as a CSS value. */
  color?: string
  size?: number
}

/** A seat's mark as the map draws it, for legends and cards. */
export function SeatGlyph({ state, note, color = 'var(--map-ink)', size = 18 }: Props) {
  return (
    <svg
      className={styles.glyph}
      style={{ '--glyph': color } as React.CSSProperties}
      width={size}
      height={size}
      viewBox="-10 -10 20 20"
      aria-hidden="true"
      focusable="false"
      data-state={state}
    >
      <Shape state={state} note={note} />
    </svg>
  )
}

function Shape({ state, note }: Pick<Props, 'state' | 'note'>) {
  switch (state) {
    case 'picked':
      return (
        <>
          <circle r="9" className={styles.pick} />
          <path d="M-4 .3l3 3 5-6.500" className={styles.onPick} />
        </>
      )
    case 'mine':
      return (
        <>
          <circle r="9" className={styles.pick} />
          <path d="M0-5V0l3.500 2" className={styles.onPick} />
        </>
      )
    case 'held':
      return <circle r="7" className={styles.held} />
    case 'sold':
      return <path d="M-4-4l8 8M4-4l-8 8" className={styles.sold} />
    case 'blocked':
      return <circle r="2" className={styles.blocked} />
    case 'available':
      if (note === 'accessible')
        return <rect x="-8" y="-8" width="16" height="16" rx="4" className={styles.fill} />
      if (note === 'companion') return <path d="M0-9.500L9.500 0 0 9.500-9.500 0z" className={styles.fill} />
      if (note === 'restricted')
        return (
          <path
            d="M-7.600 2.400a8 8 0 1 1 15.200 0zM-5.800 4.800h11.600v2.400h-11.600z"
            className={styles.fill}
          />
        )
      return <circle r="8" className={styles.fill} />
  }
}
