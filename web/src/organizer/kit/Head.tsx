import type { ReactNode } from 'react'
import { usePageTitle } from '../../ui/Page'
import styles from './kit.module.css'

type Props = { title: string; over?: ReactNode; children?: ReactNode; actions?: ReactNode }

/** The head of a page: where it belongs, what it is, and what can be done with all of it. */
export function Head({ title, over, children, actions }: Props) {
  usePageTitle(title)
  return (
    <header className={styles.head}>
      <div className={styles.headText}>
        {over && <div className={styles.over}>{over}</div>}
        <h1>{title}</h1>
        {children && <div className={styles.lead}>{children}</div>}
      </div>
      {actions && <div className={styles.actions}>{actions}</div>}
    </header>
  )
}

type PartProps = { title: ReactNode; id: string; note?: ReactNode; actions?: ReactNode; children: ReactNode }

/** A part of a page under its own heading. */
export function Part({ title, id, note, actions, children }: PartProps) {
  return (
    <section className={styles.part} aria-labelledby={id}>
      <header className={styles.partHead}>
        <h2 id={id}>{title}</h2>
        {actions && <div className={styles.actions}>{actions}</div>}
        {note && <p className={styles.partNote}>{note}</p>}
      </header>
      {children}
    </section>
  )
}
