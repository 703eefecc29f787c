import type { UseInfiniteQueryResult } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Button } from '../../ui/Button'
import { ErrorState, Loading, Skeleton } from '../../ui/State'

type Query = Pick<
  UseInfiniteQueryResult<unknown>,
  | 'isPending'
  | 'isError'
  | 'error'
  | 'data'
  | 'refetch'
  | 'hasNextPage'
  | 'isFetchingNextPage'
  | 'fetchNextPage'
>

/** What a list shows while it is read, when that fails, and the way to more of it. */
export function List({
  query,
  empty,
  children,
}: {
  query: Query
  empty: ReactNode | false
  children: ReactNode
}) {
  const { t } = useTranslation()
  if (query.isPending)
    return (
      <Loading>
        <Skeleton lines={5} block="3.5rem" />
      </Loading>
    )
  if (query.isError && !query.data) return <ErrorState error={query.error} onRetry={() => query.refetch()} />
  return (
    <>
      {empty || children}
      {query.hasNextPage && (
        <div>
          <Button busy={query.isFetchingNextPage} onClick={() => query.fetchNextPage()}>
            {t('action.showMore')}
          </Button>
        </div>
      )}
    </>
  )
}

type One = { isPending: boolean; isError: boolean; error: unknown; data: unknown; refetch: () => unknown }

type ReadyProps = {
  query: One
  lines?: number
  children: ReactNode
  /** Without it there is nothing else on the page. */
  isPage?: boolean
}

/** The same for what is read in one go. */
export function Ready({ query, lines = 4, children, isPage = false }: ReadyProps) {
  if (query.isPending)
    return (
      <Loading>
        <Skeleton lines={lines} block="3rem" />
      </Loading>
    )
  if (query.isError && !query.data)
    return <ErrorState error={query.error} onRetry={() => query.refetch()} isPage={isPage} />
  return children
}
