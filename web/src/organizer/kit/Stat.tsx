import type { ReactNode } from 'react'
import styles from './kit.module.css'

type Props = { label: ReactNode; value: ReactNode; note?: ReactNode }

/** One number with its name, as on a scoreboard. Stands in `Stats`. */
export function Stat({ label, value, note }: Props) {
  return (
    <div className={styles.stat}>
      <dt>{label}</dt>
      <dd className={styles.figure}>{value}</dd>
      {note && <dd className={styles.note}>{note}</dd>}
    </div>
  )
}

export function Stats({ children }: { children: ReactNode }) {
  return <dl className={styles.stats}>{children}</dl>
}
