import { type UseInfiniteQueryResult, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useLocale } from '../../i18n'
import { formatTime } from '../../lib/time'
import { Button } from '../../ui/Button'
import { EmptyState } from '../../ui/State'
import { useEvent } from '../events/EventFrame'
import { useOrganizer } from '../frame/context'
import { Part } from '../kit/Head'
import kit from '../kit/kit.module.css'
import { List } from '../kit/List'
import { Table } from '../kit/Table'
import { membersQuery } from '../queries'
import type { Block } from '../types'
import { ReleaseDialog } from './ReleaseDialog'

/** So many seats stand in a row of the list; the others are in its dialog. */
const SEATS_SHOWN = 8

type Props = {
  query: Pick<
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
  blocks: readonly Block[]
}

/** For whom places are kept off sale. */
export function BlockList({ query, blocks }: Props) {
  const { t } = useTranslation('organizerLive')
  const locale = useLocale()
  const here = useOrganizer()
  const { zone } = useEvent()
  const members = useQuery({ ...membersQuery(here.id), enabled: blocks.length > 0 && here.may('seeStaff') })
  const [releasing, setReleasing] = useState<Block>()
  const nameOf = (user: string) => members.data?.find(({ userId }) => userId === user)?.email
  const where = ({ seats, area }: Block) => {
    if (area) return area.name
    const rest = seats.length - SEATS_SHOWN
    const some = seats.slice(0, SEATS_SHOWN).join(', ')
    return rest > 0 ? t('block.andMore', { seats: some, count: rest }) : some
  }
  return (
    <Part id="blocks" title={t('block.list')} note={t('block.listNote')}>
      <List
        query={query}
        empty={
          blocks.length === 0 && (
            <EmptyState icon="ticket" title={t('block.none')}>
              {t('block.noneText')}
            </EmptyState>
          )
        }
      >
        <Table
          caption={t('block.list')}
          rows={blocks}
          rowKey={(block) => block.id}
          columns={[
            {
              key: 'holder',
              head: t('block.column.holder'),
              heading: true,
              cell: (block) => (
                <>
                  {block.holder ?? t('block.nobody')}
                  {block.note && <span className={kit.note}> {block.note}</span>}
                </>
              ),
            },
            {
              key: 'places',
              head: t('block.column.places'),
              numeric: true,
              cell: (block) => new Intl.NumberFormat(locale).format(block.places),
            },
            { key: 'where', head: t('block.column.where'), cell: where },
            {
              key: 'since',
              head: t('block.column.since'),
              cell: (block) => {
                const time = formatTime(block.blockedAt, locale, 'short', zone)
                const who = nameOf(block.blockedBy)
                return who ? t('block.sinceBy', { time, who }) : time
              },
            },
            {
              key: 'release',
              head: t('block.column.do'),
              cell: (block) => (
                <Button
                  size="s"
                  aria-label={t('block.releaseOf', { who: block.holder ?? t('block.nobody') })}
                  onClick={() => setReleasing(block)}
                >
                  {t('block.release')}
                </Button>
              ),
            },
          ]}
        />
      </List>
      {releasing && <ReleaseDialog block={releasing} onClose={() => setReleasing(undefined)} />}
    </Part>
  )
}
