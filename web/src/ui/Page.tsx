import { type ReactNode, useEffect } from 'react'
import { cx } from './cx'
import styles from './Page.module.css'

type Props = { title?: string; narrow?: boolean; className?: string; children: ReactNode }

/** The frame of a page: its width, its rhythm, and its title in the tab. */
export function Page({ title, narrow, className, children }: Props) {
  usePageTitle(title)
  return <div className={cx(styles.page, narrow && styles.narrow, className)}>{children}</div>
}

export function usePageTitle(title: string | undefined): void {
  useEffect(() => {
    if (title) document.title = `${title} · Stagedoor`
  }, [title])
}

export function PageHead({ title, children }: { title: ReactNode; children?: ReactNode }) {
  return (
    <header className={styles.head}>
      <h1>{title}</h1>
      {children && <div className={styles.lead}>{children}</div>}
    </header>
  )
}

export function Card({ className, children }: { className?: string; children: ReactNode }) {
  return <section className={cx(styles.card, className)}>{children}</section>
}
