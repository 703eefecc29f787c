import { useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { isProblem } from '../../api/problem'
import type { EventPage } from '../../api/types'
import { useProblemMessage } from '../../i18n/problem'
import { seatName } from '../../lib/seat'
import { Button } from '../../ui/Button'
import { EventTime } from '../../ui/EventTime'
import { Notice } from '../../ui/State'
import { availabilityQuery } from '../queries'
import { AreaPicker } from './AreaPicker'
import { BestAvailable } from './BestAvailable'
import styles from './BuyPanel.module.css'
import { PickedSeats } from './PickedSeats'
import type { usePicks } from './selection'
import type { Holding } from './useHolding'

type Way = 'best' | 'areas' | 'picked'
type Props = {
  event: EventPage
  picks: ReturnType<typeof usePicks>
  holding: Holding
  /** The area that was pressed on the map. */
  area?: string
}

/** The three ways to places: the best that is left, a place on the floor, or the seats picked on the map. */
export function BuyPanel({ event, picks, holding, area }: Props) {
  const { t } = useTranslation('event')
  const [chosen, setChosen] = useState<Way>('best')
  const { data: availability } = useQuery(availabilityQuery(event.id))
  const areas = availability?.areas ?? []
  const sections = availability?.sections ?? []
  const message = useProblemMessage(sections)
  useEffect(() => {
    if (area) setChosen('areas')
  }, [area])
  const seated = (availability?.sections.length ?? 1) > 0
  const ways: Way[] = [
    ...(seated ? (['best'] as const) : []),
    ...(areas.length > 0 ? (['areas'] as const) : []),
    ...(seated ? (['picked'] as const) : []),
  ]
  // Whoever picks a seat on the map wants to see it here.
  const way: Way = picks.seats.length > 0 ? 'picked' : ways.includes(chosen) ? chosen : (ways[0] ?? 'best')
  if (event.status !== 'on_sale' && event.status !== 'presale') return <NotOnSale event={event} />
  const alone = isProblem(holding.error, 'orphan_seat') && String(holding.error.details.seat ?? '')
  return (
    <section className={styles.panel} aria-labelledby="buy">
      <h2 id="buy">{t('buy')}</h2>
      <p className={styles.left}>{t('leftInAll', { count: event.availableSeats })}</p>
      {ways.length > 1 && (
        <fieldset className={styles.ways}>
          <legend className="visually-hidden">{t('way')}</legend>
          {ways.map((one) => (
            <label key={one}>
              <input
                type="radio"
                name="way"
                checked={way === one}
                onChange={() => {
                  holding.reset()
                  if (one !== 'picked') picks.clear()
                  setChosen(one)
                }}
              />
              <span>{t(`ways.${one}`)}</span>
            </label>
          ))}
        </fieldset>
      )}
      {holding.error && (
        <Notice tone="bad">
          <p>{message(holding.error)}</p>
          {alone && way === 'picked' && (
            <Button
              size="s"
              onClick={() => {
                holding.reset()
                picks.setSeats([...picks.seats, alone])
              }}
            >
              {t('takeToo', { seat: seatName(alone, sections, t) })}
            </Button>
          )}
        </Notice>
      )}
      {way === 'best' && <BestAvailable event={event} sections={sections} holding={holding} />}
      {way === 'areas' && (
        <AreaPicker key={area} event={event} areas={areas} holding={holding} first={area} />
      )}
      {way === 'picked' && <PickedSeats event={event} picks={picks} holding={holding} sections={sections} />}
      <p className={styles.small}>{t('holdFor', { count: Math.round(event.holdRules.holdSeconds / 60) })}</p>
    </section>
  )
}

function NotOnSale({ event }: { event: EventPage }) {
  const { t } = useTranslation('event')
  return (
    <section className={styles.panel} aria-labelledby="buy">
      <h2 id="buy">{t(`closed.${event.status}` as 'closed.scheduled')}</h2>
      {event.statusChangesAt && event.status === 'scheduled' && (
        <p>
          {t('opens')} <EventTime at={event.statusChangesAt} zone={event.timeZone} withViewer />
        </p>
      )}
    </section>
  )
}
