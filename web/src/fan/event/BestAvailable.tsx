import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Availability, EventPage } from '../../api/types'
import { useLocale } from '../../i18n'
import { formatMoney, timesMoney } from '../../lib/money'
import { Button } from '../../ui/Button'
import { Select } from '../../ui/Field'
import { Money } from '../../ui/Money'
import { Stepper } from '../../ui/Stepper'
import styles from './BuyPanel.module.css'
import { TypeSelect } from './TypeSelect'
import type { Holding } from './useHolding'

type Props = { event: EventPage; sections: Availability['sections']; holding: Holding }

export function BestAvailable({ event, sections, holding }: Props) {
  const { t } = useTranslation('event')
  const locale = useLocale()
  const max = event.holdRules.seatsPerHoldMax
  const [quantity, setQuantity] = useState(Math.min(2, max))
  const [level, setLevel] = useState('')
  const [section, setSection] = useState('')
  const [type, setType] = useState('standard')
  const [accessible, setAccessible] = useState(0)
  const [companions, setCompanions] = useState(0)
  const chosen = event.priceLevels.find(({ key }) => key === level)
  const price =
    chosen && (event.ticketTypes.find(({ key }) => key === type)?.prices[chosen.key] ?? chosen.price)
  const submit = (submitted: FormEvent) => {
    submitted.preventDefault()
    holding.place({
      bestAvailable: {
        quantity,
        ...(level && { level }),
        ...(section && { section }),
        ...(type !== 'standard' && { ticketType: type }),
        ...(accessible > 0 && { accessible, companions }),
      },
      ...(accessible > 0 && { accessible: true }),
    })
  }
  return (
    <form className={styles.form} onSubmit={submit}>
      <Stepper
        label={t('quantity')}
        hint={t('together')}
        value={quantity}
        min={1}
        max={max}
        onChange={setQuantity}
      />
      <Select label={t('level')} value={level} onChange={(change) => setLevel(change.target.value)}>
        <option value="">{t('anyLevel')}</option>
        {event.priceLevels.map((one) => (
          <option key={one.id} value={one.key} disabled={one.available === 0}>
            {one.name} · {one.available === 0 ? t('none') : formatMoney(one.price, locale)}
          </option>
        ))}
      </Select>
      <TypeSelect event={event} value={type} onChange={setType} />
      <details className={styles.more}>
        <summary>{t('wishes')}</summary>
        <div>
          {sections.length > 1 && (
            <Select
              label={t('section')}
              value={section}
              onChange={(change) => setSection(change.target.value)}
            >
              <option value="">{t('anySection')}</option>
              {sections.map((one) => (
                <option key={one.id} value={one.id} disabled={one.available === 0}>
                  {one.name}
                </option>
              ))}
            </Select>
          )}
          <Stepper
            label={t('wheelchair')}
            hint={t('wheelchairHint')}
            value={accessible}
            max={quantity}
            onChange={(next) => {
              setAccessible(next)
              setCompanions(Math.min(companions, quantity - next))
            }}
          />
          {accessible > 0 && (
            <Stepper
              label={t('companions')}
              hint={t('companionsHint')}
              value={companions}
              max={quantity - accessible}
              onChange={setCompanions}
            />
          )}
        </div>
      </details>
      {price && (
        <p className={styles.total}>
          <span>{t('total')}</span>
          <strong>
            <Money value={timesMoney(price, quantity)} />
          </strong>
        </p>
      )}
      <Button variant="primary" size="l" wide type="submit" busy={holding.isPending}>
        {t('holdBest', { count: quantity })}
      </Button>
    </form>
  )
}
