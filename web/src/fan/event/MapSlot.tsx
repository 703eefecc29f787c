import { useQueryClient } from '@tanstack/react-query'
import { lazy, Suspense, useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { EventPage } from '../../api/types'
import { loadMessages } from '../../i18n'
import type { SeatMapProps } from '../../seatmap'
import { holdsQuery } from '../holds'
import { eventQuery } from '../queries'
import styles from './MapSlot.module.css'

const SeatMap = lazy(async () => {
  const [{ SeatMap }] = await Promise.all([import('../../seatmap'), loadMessages('seatmap')])
  return { default: SeatMap }
})

/** The map's code is fetched when it is this close to the screen. */
const NEAR = '400px'

export type MapProps = {
  event: EventPage
  /** Ids as the seat map gives them. */
  selected: readonly string[]
  onSelect: (seats: readonly string[]) => void
  isHolding: boolean
  /** What the map offers to do with the choice; nothing while the event is not on sale. */
  purchase: SeatMapProps['purchase']
  /** Seats held already. */
  mine: readonly string[]
  onArea: (area: string) => void
}

/** Where the seat map is drawn; its code comes when the rest of the page is usable and the map is near. */
export function MapSlot(props: MapProps) {
  const { t } = useTranslation('event')
  const client = useQueryClient()
  const slot = useRef<HTMLDivElement>(null)
  const [near, setNear] = useState(false)
  useEffect(() => {
    const watcher = new IntersectionObserver(([entry]) => entry?.isIntersecting && setNear(true), {
      rootMargin: NEAR,
    })
    if (slot.current) watcher.observe(slot.current)
    return () => watcher.disconnect()
  }, [])
  const waiting = (
    <p className={styles.waiting} role="status">
      {t('mapLoading')}
    </p>
  )
  return (
    <div ref={slot} className={styles.slot}>
      {near ? (
        <Suspense fallback={waiting}>
          <SeatMap
            {...props}
            readOnly={!props.purchase}
            // It may have been placed on another device, and is not known here.
            onHoldExpiring={() => void client.invalidateQueries({ queryKey: holdsQuery.queryKey })}
            onEventStatus={() =>
              void client.invalidateQueries({ queryKey: eventQuery(props.event.id).queryKey })
            }
          />
        </Suspense>
      ) : (
        waiting
      )}
    </div>
  )
}
