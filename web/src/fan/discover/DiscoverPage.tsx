import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useDeferredValue, useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import type { EventCard } from '../../api/types'
import { Button } from '../../ui/Button'
import { cx } from '../../ui/cx'
import { Page, usePageTitle } from '../../ui/Page'
import { EmptyState, ErrorState, Loading, Skeleton } from '../../ui/State'
import { eventsQuery } from '../queries'
import type { DiscoverSearch } from '../search'
import styles from './DiscoverPage.module.css'
import { Filters } from './Filters'
import { Invitation } from './Invitation'
import { ProductionCard } from './ProductionCard'
import { invitationsOf, type Production, productionsOf } from './productions'
import { SearchBox } from './SearchBox'

const route = getRouteApi('/')
const NONE: Production[] = []
const NOBODY: EventCard[] = []

export function DiscoverPage() {
  const { t } = useTranslation('discover')
  const search = route.useSearch()
  const navigate = route.useNavigate()
  usePageTitle(t('title'))
  const events = useInfiniteQuery({ ...eventsQuery(search), placeholderData: keepPreviousData })
  const found = useMemo(() => events.data?.pages.flatMap((page) => page.items) ?? [], [events.data])
  const filtered = Object.values(search).some(Boolean)
  const productions = useMemo(() => productionsOf(found), [found])
  // Posters are drawn in the pauses after what is read first.
  const listed = useDeferredValue(productions, NONE)
  const invited = useDeferredValue(found, NOBODY)
  const invitations = filtered ? [] : invitationsOf(invited)
  const isAwaited = events.isPending || (found.length > 0 && invited.length === 0)
  const change = (filters: Partial<DiscoverSearch>) =>
    navigate({
      search: (before) => ({ ...before, ...filters }),
      replace: true,
      resetScroll: false,
    })

  return (
    <>
      <section className={cx('hero', filtered && 'hero-small')}>
        <div className="hero-inside">
          <h1 className="hero-title">{t('welcome:title')}</h1>
          {!filtered && <p className="hero-lead">{t('welcome:lead')}</p>}
          <SearchBox value={search.q} onChange={(q) => change({ q })} />
        </div>
      </section>
      {!filtered && (
        <section className={styles.inviting} aria-labelledby="invitations">
          <div className={styles.inside}>
            <h2 id="invitations">{t('invite')}</h2>
            <p>{t('inviteText')}</p>
            {isAwaited ? (
              <Loading>
                <Skeleton block="22rem" />
              </Loading>
            ) : (
              <ul className={styles.invitations}>
                {invitations.map((event, index) => (
                  <Invitation key={event.id} event={event} rank={index} />
                ))}
              </ul>
            )}
          </div>
        </section>
      )}
      <Page className={styles.list}>
        <div className={styles.listHead}>
          <h2>{filtered ? t('results') : t('coming')}</h2>
          <p role="status" className={styles.count}>
            {events.isSuccess && filtered && t('found', { count: productions.length })}
          </p>
        </div>
        <Filters search={search} onChange={change} />
        {events.isPending && (
          <Loading>
            <Skeleton lines={3} block="8rem" />
          </Loading>
        )}
        {events.isError && !events.data && (
          <ErrorState error={events.error} onRetry={() => events.refetch()} />
        )}
        {events.isSuccess && productions.length === 0 && (
          <EmptyState
            icon="search"
            title={t('nothing')}
            action={<Button onClick={() => navigate({ search: {}, replace: true })}>{t('clear')}</Button>}
          >
            {t('nothingText')}
          </EmptyState>
        )}
        <ul className={cx(styles.cards, events.isPlaceholderData && styles.stale)}>
          {listed.map((production) => (
            <ProductionCard key={production.key} production={production} />
          ))}
        </ul>
        {events.hasNextPage && (
          <Button
            className={styles.more}
            busy={events.isFetchingNextPage}
            onClick={() => events.fetchNextPage()}
          >
            {t('common:action.showMore')}
          </Button>
        )}
      </Page>
    </>
  )
}
