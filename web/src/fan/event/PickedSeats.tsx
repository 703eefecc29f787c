import type { FormEvent } from 'react'
import { useTranslation } from 'react-i18next'
import type { Availability, EventPage } from '../../api/types'
import { serverNow } from '../../lib/clock'
import { accessibleReleased } from '../../lib/release'
import { seatName } from '../../lib/seat'
import { Button, buttonClass } from '../../ui/Button'
import { Checkbox } from '../../ui/Field'
import { Icon } from '../../ui/Icon'
import styles from './BuyPanel.module.css'
import { type usePicks, wishOf } from './selection'
import { TypeSelect } from './TypeSelect'
import type { Holding } from './useHolding'

type Props = {
  event: EventPage
  picks: ReturnType<typeof usePicks>
  holding: Holding
  sections: Availability['sections']
}

/** The seats picked on the map, each with who will sit there. */
export function PickedSeats({ event, picks, holding, sections }: Props) {
  const { t } = useTranslation('event')
  const name = (seat: string) => seatName(seat, sections, t)
  if (picks.seats.length === 0)
    return (
      <>
        <p>{t('pickOnMap')}</p>
        <a href="#map" className={buttonClass({ wide: true })}>
          {t('toMap')}
        </a>
      </>
    )
  // Whether the rest is sold out only the map knows. Saying it needlessly does no harm.
  const isReleased = accessibleReleased(event.holdRules.accessibleRelease, serverNow(), () => true)
  const submit = (submitted: FormEvent) => {
    submitted.preventDefault()
    holding.place(wishOf(picks))
  }
  return (
    <form className={styles.form} onSubmit={submit}>
      <ul className={styles.seats}>
        {picks.seats.map((seat) => (
          <li key={seat}>
            <span className={styles.seatName}>{name(seat)}</span>
            <button
              type="button"
              className={styles.remove}
              aria-label={t('remove', { seat: name(seat) })}
              onClick={() => {
                holding.reset()
                picks.setSeats(picks.seats.filter((other) => other !== seat))
              }}
            >
              <Icon name="close" />
            </button>
            <div className={styles.seatType}>
              <TypeSelect
                event={event}
                value={picks.types[seat] ?? 'standard'}
                onChange={(type) => picks.setType(seat, type)}
                label={t('typeOf', { seat: name(seat) })}
                hideLabel
              />
            </div>
          </li>
        ))}
      </ul>
      {!isReleased && (
        <Checkbox
          label={t('accessibleNeeded')}
          hint={t('accessibleHint')}
          checked={picks.accessible}
          onChange={(change) => picks.setAccessible(change.target.checked)}
        />
      )}
      <Button variant="primary" size="l" wide type="submit" busy={holding.isPending}>
        {t('hold', { count: picks.seats.length })}
      </Button>
    </form>
  )
}
