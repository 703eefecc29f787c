import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { lazy, Suspense, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { isProblem } from '../../api/problem'
import type { EventPage as Event } from '../../api/types'
import { useProblemMessage } from '../../i18n/problem'
import { serverNow } from '../../lib/clock'
import { Page, usePageTitle } from '../../ui/Page'
import { ErrorState, Loading, Skeleton } from '../../ui/State'
import { useActiveHolds } from '../holds'
import { availabilityQuery, eventQuery } from '../queries'
import { BuyPanel } from './BuyPanel'
import { EventHero } from './EventHero'
import styles from './EventPage.module.css'
import { MapSlot } from './MapSlot'
import { PriceLevels } from './PriceLevels'
import { nextLookMs } from './sale'
import { usePicks, wishOf } from './selection'
import { useHolding } from './useHolding'

const AuthDialog = lazy(() =>
  import('../auth/AuthDialog').then(({ AuthDialog }) => ({ default: AuthDialog })),
)
const route = getRouteApi('/events/$eventId')

export function EventPage() {
  const { eventId } = route.useParams()
  const event = useQuery({
    ...eventQuery(eventId),
    refetchInterval: ({ state }) => (state.data ? nextLookMs(state.data, serverNow()) : false),
  })
  if (event.data) return <Loaded key={eventId} event={event.data} />
  return (
    <Page>
      {event.isError ? (
        <ErrorState isPage error={event.error} onRetry={() => event.refetch()} />
      ) : (
        <Loading>
          <Skeleton block="16rem" />
          <Skeleton lines={5} />
        </Loading>
      )}
    </Page>
  )
}

function Loaded({ event }: { event: Event }) {
  const { t } = useTranslation('event')
  usePageTitle(event.name)
  const picks = usePicks(event.id)
  const holding = useHolding(event, picks.clear)
  const { data: availability } = useQuery(availabilityQuery(event.id))
  const message = useProblemMessage(availability?.sections)
  const isOnSale = event.status === 'on_sale' || event.status === 'presale'
  const holds = useActiveHolds()
  const mine = holds
    .filter((hold) => hold.eventId === event.id)
    .flatMap((hold) => hold.seats.map((seat) => seat.id))
  const [area, setArea] = useState<string>()
  return (
    <>
      <EventHero event={event} />
      <Page className={styles.columns}>
        <div className={styles.panel}>
          <BuyPanel event={event} picks={picks} holding={holding} area={area} />
        </div>
        <div className={styles.main}>
          <section id="map" aria-labelledby="map-title" className={styles.map}>
            <h2 id="map-title">{t('map')}</h2>
            <MapSlot
              event={event}
              selected={picks.seats}
              onSelect={(seats) => {
                // What was refused was another choice.
                holding.reset()
                picks.setSeats(seats)
              }}
              isHolding={holding.isPending}
              purchase={
                isOnSale
                  ? {
                      types: picks.types,
                      onType: picks.setType,
                      accessible: picks.accessible,
                      onAccessible: picks.setAccessible,
                      onHold: () => holding.place(wishOf(picks)),
                      isHolding: holding.isPending,
                      refusal: holding.error
                        ? {
                            code: isProblem(holding.error) ? holding.error.code : '',
                            text: message(holding.error),
                          }
                        : undefined,
                    }
                  : undefined
              }
              mine={mine}
              onArea={setArea}
            />
          </section>
          <PriceLevels event={event} />
        </div>
      </Page>
      {holding.asking && (
        <Suspense>
          <AuthDialog open onClose={holding.cancelAsking} onDone={holding.signedIn} />
        </Suspense>
      )}
    </>
  )
}
