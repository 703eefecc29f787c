import { useTranslation } from 'react-i18next'
import { Field, Select } from '../../../ui/Field'
import kit from '../../kit/kit.module.css'
import { ACCESSIBLE_RULES } from '../draft'
import type { FieldsProps } from '../EventForm'

const ORPHANS = ['avoid', 'forbid', 'ignore'] as const
const BARCODES = ['any', 'live'] as const

/** How long a hold lasts, how much one person may have, until when money comes back, what the doors take. */
export function Rules({ draft, change, at }: FieldsProps) {
  const { t } = useTranslation('organizerEvents')
  return (
    <div className={kit.grid}>
      <Field
        label={t('field.hold')}
        inputMode="decimal"
        value={draft.holdMinutes}
        error={at('holdSeconds')}
        onChange={(event) => change({ holdMinutes: event.target.value })}
      />
      <Field
        label={t('field.perHold')}
        inputMode="numeric"
        value={draft.seatsPerHold}
        error={at('seatsPerHoldMax')}
        onChange={(event) => change({ seatsPerHold: event.target.value })}
      />
      <Field
        label={t('field.perFan')}
        hint={t('field.perFanHint')}
        inputMode="numeric"
        value={draft.ticketsPerFan}
        error={at('ticketsPerFanMax')}
        onChange={(event) => change({ ticketsPerFan: event.target.value })}
      />
      <Field
        label={t('field.refund')}
        inputMode="decimal"
        value={draft.refundHours}
        error={at('refundWindowSeconds')}
        onChange={(event) => change({ refundHours: event.target.value })}
      />
      <Select
        label={t('field.orphans')}
        value={draft.orphanPolicy}
        error={at('orphanPolicy')}
        onChange={(event) => change({ orphanPolicy: event.target.value as typeof draft.orphanPolicy })}
      >
        {ORPHANS.map((policy) => (
          <option key={policy} value={policy}>
            {t(`orphans.${policy}`)}
          </option>
        ))}
      </Select>
      <Select
        label={t('field.accessible')}
        hint={t('accessibleHint')}
        value={draft.accessible}
        error={draft.accessible === 'from' ? undefined : at('accessibleRelease')}
        onChange={(event) => change({ accessible: event.target.value as typeof draft.accessible })}
      >
        {[...ACCESSIBLE_RULES, 'from' as const].map((rule) => (
          <option key={rule} value={rule}>
            {t(`accessible.${rule}`)}
          </option>
        ))}
      </Select>
      {draft.accessible === 'from' && (
        <Field
          type="datetime-local"
          label={t('field.accessibleFrom')}
          value={draft.accessibleFrom}
          error={at('accessibleRelease')}
          onChange={(event) => change({ accessibleFrom: event.target.value })}
        />
      )}
      <Select
        label={t('field.barcodes')}
        hint={t(`barcodesHint.${draft.barcodes}`)}
        value={draft.barcodes}
        error={at('barcodes')}
        onChange={(event) => change({ barcodes: event.target.value as typeof draft.barcodes })}
      >
        {BARCODES.map((kind) => (
          <option key={kind} value={kind}>
            {t(`barcodes.${kind}`)}
          </option>
        ))}
      </Select>
    </div>
  )
}
