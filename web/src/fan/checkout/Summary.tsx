import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { type ReactNode, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Money as Amount, Hold, Order } from '../../api/types'
import { useProblemMessage } from '../../i18n/problem'
import { lineName } from '../../lib/seat'
import { Button } from '../../ui/Button'
import { EventTime } from '../../ui/EventTime'
import { Money } from '../../ui/Money'
import { Card } from '../../ui/Page'
import { toast } from '../../ui/Toast'
import { EventArt } from '../art/EventArt'
import { giveBack } from '../holds'
import { eventQuery } from '../queries'
import styles from './CheckoutPage.module.css'
import { HeldPlaces } from './HeldPlaces'

type Props = {
  holds: readonly Hold[]
  /** What comes on top of the face values. */
  added: Order['lines']
  total: Amount | undefined
  /** Nothing is given back while it is being paid. */
  isFixed: boolean
}

/** What is about to be bought: each event's places, and what they cost together. */
export function Summary({ holds, added, total, isFixed }: Props) {
  const { t } = useTranslation('checkout')
  const events = [...new Set(holds.map(({ eventId }) => eventId))]
  return (
    <Card className={styles.summary}>
      {events.map((eventId) => (
        <EventPlaces
          key={eventId}
          eventId={eventId}
          holds={holds.filter((hold) => hold.eventId === eventId)}
          below={(hold) => !isFixed && <Release hold={hold} of={holds} />}
        />
      ))}
      {added.length > 0 && (
        <ul className={styles.lines}>
          {added.map((line, index) => (
            <li key={`${index} ${line.description}`}>
              <span>{lineName(line, t)}</span>
              <Money value={line.amount} />
            </li>
          ))}
        </ul>
      )}
      {total && (
        <p className={styles.total}>
          <span>{t('total')}</span>
          <strong>
            <Money value={total} />
          </strong>
        </p>
      )}
      {total && added.length === 0 && <p className={styles.small}>{t('fees')}</p>}
    </Card>
  )
}

type PlacesProps = { eventId: string; holds: readonly Hold[]; below: (hold: Hold) => ReactNode }

function EventPlaces({ eventId, holds, below }: PlacesProps) {
  const { data: event } = useQuery(eventQuery(eventId))
  return (
    <section className={styles.places}>
      {event && (
        <header className={styles.event}>
          <div className={styles.art}>
            <EventArt seed={event.name} type={event.type} />
          </div>
          <div>
            <h2 className={styles.name}>{event.name}</h2>
            <p className={styles.when}>
              <EventTime at={event.startsAt} zone={event.timeZone} withViewer />
              <span className={styles.where}>
                {event.venue.name}, {event.venue.city}
              </span>
            </p>
          </div>
        </header>
      )}
      {holds.map((hold) => (
        <div key={hold.id}>
          <HeldPlaces holds={[hold]} event={event} />
          {below(hold)}
        </div>
      ))}
    </section>
  )
}

/** Gives one of the holds back, and goes on with the others where there are any. */
function Release({ hold, of }: { hold: Hold; of: readonly Hold[] }) {
  const { t } = useTranslation('checkout')
  const message = useProblemMessage()
  const navigate = useNavigate()
  const [busy, setBusy] = useState(false)
  const release = async () => {
    setBusy(true)
    try {
      await giveBack(hold.id)
    } catch (error) {
      setBusy(false)
      return toast(message(error), { tone: 'bad' })
    }
    toast(t('common:hold.released'))
    const rest = of.filter(({ id }) => id !== hold.id).map(({ id }) => id)
    if (rest.length > 0) void navigate({ to: '/checkout', search: { hold: rest.join(',') }, replace: true })
    else void navigate({ to: '/events/$eventId', params: { eventId: hold.eventId } })
  }
  return (
    <Button variant="quiet" size="s" busy={busy} onClick={release} className={styles.release}>
      {t('release')}
    </Button>
  )
}
