import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Availability, EventPage } from '../../api/types'
import { Button } from '../../ui/Button'
import { Stepper } from '../../ui/Stepper'
import styles from './BuyPanel.module.css'
import { TypeSelect } from './TypeSelect'
import type { Holding } from './useHolding'

type Props = { event: EventPage; areas: Availability['areas']; holding: Holding; first?: string }

/** Places without a seat: how many, and where on the floor. */
export function AreaPicker({ event, areas, holding, first }: Props) {
  const { t } = useTranslation('event')
  const [wished, setWished] = useState<Record<string, number>>(first ? { [first]: 1 } : {})
  const [type, setType] = useState('standard')
  const max = event.holdRules.seatsPerHoldMax
  const total = Object.values(wished).reduce((sum, count) => sum + count, 0)
  const submit = (submitted: FormEvent) => {
    submitted.preventDefault()
    holding.place({
      areas: Object.entries(wished)
        .filter(([, quantity]) => quantity > 0)
        .map(([id, quantity]) => ({ id, quantity, ...(type !== 'standard' && { ticketType: type }) })),
    })
  }
  return (
    <form className={styles.form} onSubmit={submit}>
      {areas.map((area) => (
        <Stepper
          key={area.id}
          label={area.name}
          hint={area.available === 0 ? t('none') : t('areaLeft', { count: area.available })}
          value={wished[area.id] ?? 0}
          max={Math.min(area.available, max - total + (wished[area.id] ?? 0))}
          onChange={(quantity) => setWished((before) => ({ ...before, [area.id]: quantity }))}
        />
      ))}
      <TypeSelect event={event} value={type} onChange={setType} />
      <Button variant="primary" size="l" wide type="submit" disabled={total === 0} busy={holding.isPending}>
        {total === 0 ? t('chooseFirst') : t('hold', { count: total })}
      </Button>
    </form>
  )
}
