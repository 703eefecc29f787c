import { useTranslation } from 'react-i18next'
import { Field, Select } from '../../../ui/Field'
import kit from '../../kit/kit.module.css'
import type { LevelDraft } from '../draft'
import type { FieldsProps } from '../EventForm'
import styles from '../Events.module.css'

const CURRENCIES = Intl.supportedValuesOf('currency')

/** A name and a face value for each level that the seat map paints. */
export function Prices({ draft, change, at, isSaved }: FieldsProps) {
  const { t } = useTranslation('organizerEvents')
  const setLevel = (index: number, changes: Partial<LevelDraft>) =>
    change({ levels: draft.levels.map((level, i) => (i === index ? { ...level, ...changes } : level)) })
  return (
    <>
      {!isSaved && (
        <div className={kit.grid}>
          <Select
            label={t('field.currency')}
            value={draft.currency}
            error={at('currency')}
            onChange={(event) => change({ currency: event.target.value })}
          >
            {CURRENCIES.map((currency) => (
              <option key={currency}>{currency}</option>
            ))}
          </Select>
        </div>
      )}
      {draft.levels.length === 0 && <p>{t('noLevels')}</p>}
      <ul className={styles.rows}>
        {draft.levels.map((level, index) => (
          <li key={level.key} className={styles.level}>
            <span
              className={styles.swatch}
              style={{ background: `var(--level-${(index % 6) + 1})` }}
              aria-hidden="true"
            />
            <Field
              label={t('field.levelName', { key: level.key })}
              value={level.name}
              maxLength={200}
              error={at(`priceLevels.${index}.name`)}
              onChange={(event) => setLevel(index, { name: event.target.value })}
            />
            <Field
              label={t('field.price', { currency: draft.currency, name: level.name })}
              inputMode="decimal"
              value={level.amount}
              error={at(`priceLevels.${index}.amount`)}
              onChange={(event) => setLevel(index, { amount: event.target.value })}
            />
          </li>
        ))}
      </ul>
      {at('priceLevels') && <p role="alert">{at('priceLevels')}</p>}
    </>
  )
}
