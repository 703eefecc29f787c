import type { TFunction } from 'i18next'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Availability, EventPage } from '../../api/types'
import { Button, buttonClass } from '../../ui/Button'
import { Checkbox } from '../../ui/Field'
import { Icon } from '../../ui/Icon'
import styles from './BuyPanel.module.css'
import type { usePicks } from './selection'
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
  const [accessible, setAccessible] = useState(false)
  if (picks.seats.length === 0)
    return (
      <>
        <p>{t('pickOnMap')}</p>
        <a href="#map" className={buttonClass({ wide: true })}>
          {t('toMap')}
        </a>
      </>
    )
  const submit = (submitted: FormEvent) => {
    submitted.preventDefault()
    const types = Object.fromEntries(
      picks.seats.flatMap((seat) =>
        picks.types[seat] && picks.types[seat] !== 'standard' ? [[seat, picks.types[seat]]] : [],
      ),
    )
    holding.place({
      seats: [...picks.seats],
      ...(Object.keys(types).length > 0 && { ticketTypes: types }),
      ...(accessible && { accessible: true }),
    })
  }
  return (
    <form className={styles.form} onSubmit={submit}>
      <ul className={styles.seats}>
        {picks.seats.map((seat) => (
          <li key={seat}>
            <span className={styles.seatName}>{seatName(seat, sections, t)}</span>
            <button
              type="button"
              className={styles.remove}
              aria-label={t('remove', { seat })}
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
                label={t('typeOf', { seat })}
                hideLabel
              />
            </div>
          </li>
        ))}
      </ul>
      <Checkbox
        label={t('accessibleNeeded')}
        hint={t('accessibleHint')}
        checked={accessible}
        onChange={(change) => setAccessible(change.target.checked)}
      />
      <Button variant="primary" size="l" wide type="submit" busy={holding.isPending}>
        {t('hold', { count: picks.seats.length })}
      </Button>
    </form>
  )
}

/** A seat's id is its section, row and label with hyphens between; sections may have hyphens of their own. */
function seatName(id: string, sections: Availability['sections'], t: TFunction): string {
  const parts = id.split('-')
  const [seat, row] = [parts.pop() ?? '', parts.pop() ?? '']
  const section = parts.join('-')
  return t('common:place', {
    section: sections.find((one) => one.id === section)?.name ?? section,
    row,
    seat,
  })
}
