import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { useEvent } from '../events/EventFrame'
import { Part } from '../kit/Head'
import { Ready } from '../kit/List'
import { availabilityQuery, geometryQuery } from '../queries'
import { seatCount, unpackSeats } from '../sections'
import { AreaCard } from './AreaCard'
import styles from './Live.module.css'
import { SeatBlocks } from './SeatBlocks'

/** Places kept off sale for the band, the press or a camera, and how many an area takes. */
export function BlocksPage() {
  const { t } = useTranslation('organizerLive')
  const { event } = useEvent()
  const geometry = useQuery(geometryQuery(event.id))
  const availability = useQuery(availabilityQuery(event.id))
  const sections = geometry.data?.sections ?? []
  const areas = geometry.data?.areas ?? []
  return (
    <Ready query={geometry.isPending ? geometry : availability}>
      {availability.data && geometry.data && (
        <>
          {sections.length > 0 && (
            <Part id="seats" title={t('block.seats')} note={t('block.seatsNote')}>
              <SeatBlocks
                event={event.id}
                sections={sections}
                seats={unpackSeats(availability.data.seats, seatCount(availability.data))}
              />
            </Part>
          )}
          {areas.length > 0 && (
            <Part id="areas" title={t('block.areas')} note={t('block.areasNote')}>
              <ul className={styles.areas}>
                {areas.map((area) => (
                  <AreaCard
                    key={area.id}
                    area={area}
                    available={availability.data.areas.find(({ id }) => id === area.id)?.available}
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
