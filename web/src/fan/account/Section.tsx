import type { UseQueryResult } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { useProblemMessage } from '../../i18n/problem'
import { Button } from '../../ui/Button'
import { Loading, Notice, Skeleton } from '../../ui/State'
import styles from './Account.module.css'

type Props = {
  id:
    | 'profile'
    | 'addresses'
    | 'password'
    | 'second'
    | 'passkeys'
    | 'identity'
    | 'sessions'
    | 'programs'
    | 'data'
  text?: ReactNode
  children: ReactNode
}

export function Section({ id, text, children }: Props) {
  const { t } = useTranslation('account')
  return (
    <section id={id} className={styles.section} aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`} className={styles.title}>
        {t(`section.${id}`)}
      </h2>
      {text && <p className={styles.text}>{text}</p>}
      {children}
    </section>
  )
}

type ListProps<T> = { query: UseQueryResult<{ items: T[] }>; empty: string; children: (item: T) => ReactNode }

/** A short list of the account's: while it loads, when it is empty, and when it cannot be had. */
export function List<T>({ query, empty, children }: ListProps<T>) {
  const { t } = useTranslation()
  const message = useProblemMessage()
  if (query.data)
    return query.data.items.length === 0 ? (
      <p className={styles.text}>{empty}</p>
    ) : (
      <ul className={styles.list}>{query.data.items.map(children)}</ul>
    )
  if (query.isError)
    return (
      <Notice tone="bad">
        {message(query.error)}{' '}
        <Button size="s" onClick={() => query.refetch()}>
          {t('action.retry')}
        </Button>
      </Notice>
    )
  return (
    <Loading>
      <Skeleton lines={2} block="3rem" />
    </Loading>
  )
}
