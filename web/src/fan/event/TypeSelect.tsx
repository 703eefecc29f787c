import { useTranslation } from 'react-i18next'
import type { EventPage } from '../../api/types'
import { Select } from '../../ui/Field'

type Props = {
  event: EventPage
  value: string
  onChange: (type: string) => void
  label?: string
  hideLabel?: boolean
}

/** Full price, child, senior: as the event names them. Not there where there is nothing to choose. */
export function TypeSelect({ event, value, onChange, label, hideLabel }: Props) {
  const { t } = useTranslation('event')
  if (event.ticketTypes.length < 2) return null
  return (
    <Select
      label={label ?? t('ticketType')}
      hideLabel={hideLabel}
      value={value}
      onChange={(change) => onChange(change.target.value)}
    >
      {event.ticketTypes.map((kind) => (
        <option key={kind.key} value={kind.key}>
          {kind.key === 'standard' ? t('standard') : kind.name}
        </option>
      ))}
    </Select>
  )
}
