import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useEffect } from 'react'
import { useTranslation } from 'react-i18next'
import { ErrorState } from '../../ui/State'
import { useEvent } from '../events/EventFrame'
import { useOrganizer } from '../frame/context'
import { Part } from '../kit/Head'
import { Ready } from '../kit/List'
import { areasQuery, availabilityQuery, blocksQuery, geometryQuery } from '../queries'
import { seatCount, unpackSeats } from '../sections'
import { AreaCard } from './AreaCard'
import { BlockList } from './BlockList'
import styles from './Live.module.css'
import { SeatBlocks } from './SeatBlocks'

/** Places kept off sale for the band, the press or a camera, for whom, and how many an area takes. */
export function BlocksPage() {
  const { t } = useTranslation('organizerLive')
  const here = useOrganizer()
  const { event } = useEvent()
  const listed = useInfiniteQuery(blocksQuery(here.id, event.id))
  const { hasNextPage, isFetching, isFetchNextPageError, fetchNextPage } = listed
  // All of them: whose a seat is, its own block says alone.
  useEffect(() => {
    if (hasNextPage && !isFetching && !isFetchNextPageError) void fetchNextPage()
  }, [hasNextPage, isFetching, isFetchNextPageError, fetchNextPage])
  const blocks = listed.data?.pages.flatMap((page) => page.items) ?? []
  const geometry = useQuery(geometryQuery(event.id))
  const availability = useQuery(availabilityQuery(event.id))
  const sections = geometry.data?.sections ?? []
  const areas = geometry.data?.areas ?? []
  const counts = useQuery({ ...areasQuery(here.id, event.id), enabled: areas.length > 0 })
  return (
    <Ready query={geometry.isPending ? geometry : availability}>
      {availability.data && geometry.data && (
        <>
          <BlockList query={listed} blocks={blocks} />
          {sections.length > 0 && (
            <Part id="seats" title={t('block.seats')} note={t('block.seatsNote')}>
              <SeatBlocks
                event={event.id}
                blocks={blocks}
                sections={sections}
                seats={unpackSeats(availability.data.seats, seatCount(availability.data))}
              />
            </Part>
          )}
          {areas.length > 0 && (
            <Part id="areas" title={t('block.areas')} note={t('block.areasNote')}>
              {counts.isError && <ErrorState error={counts.error} onRetry={() => counts.refetch()} />}
              <ul className={styles.areas}>
                {areas.map((area) => (
                  <AreaCard
                    key={area.id}
                    area={area}
                    counts={counts.data?.find(({ id }) => id === area.id)}
                  />
                ))}
              </ul>
            </Part>
          )}
        </>
      )}
    </Ready>
  )
}
