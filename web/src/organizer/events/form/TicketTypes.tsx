import { useTranslation } from 'react-i18next'
import { Button } from '../../../ui/Button'
import { Field, Select } from '../../../ui/Field'
import { Icon } from '../../../ui/Icon'
import { STANDARD, type TypeDraft } from '../draft'
import type { FieldsProps } from '../EventForm'
import styles from '../Events.module.css'

const TYPES_MAX = 50

/** Who a ticket may be for: a share of the level's price, or a price of its own at each level. */
export function TicketTypes({ draft, change, at }: FieldsProps) {
  const { t } = useTranslation('organizerEvents')
  const setType = (index: number, changes: Partial<TypeDraft>) =>
    change({ types: draft.types.map((type, i) => (i === index ? { ...type, ...changes } : type)) })
  return (
    <>
      <ul className={styles.rows}>
        {draft.types.map((type, index) => (
          <li key={index} className={styles.type}>
            <Field
              label={t('field.typeName')}
              value={type.name}
              maxLength={200}
              error={at(`ticketTypes.${index}.name`)}
              onChange={(event) => setType(index, { name: event.target.value })}
            />
            <Field
              label={t('field.typeKey')}
              value={type.key}
              maxLength={40}
              readOnly={type.key === STANDARD && index === 0}
              error={at(`ticketTypes.${index}.key`)}
              onChange={(event) => setType(index, { key: event.target.value })}
            />
            <Select
              label={t('field.pricing')}
              value={type.fixed ? 'fixed' : 'share'}
              onChange={(event) => setType(index, { fixed: event.target.value === 'fixed' ? {} : undefined })}
            >
              <option value="share">{t('pricingShare')}</option>
              <option value="fixed">{t('pricingFixed')}</option>
            </Select>
            {!type.fixed && (
              <Field
                label={t('field.share')}
                inputMode="decimal"
                value={type.share}
                error={at(`ticketTypes.${index}.pricing`)}
                onChange={(event) => setType(index, { share: event.target.value })}
              />
            )}
            {type.key !== STANDARD && (
              <Button
                variant="quiet"
                aria-label={t('removeType', { name: type.name })}
                onClick={() => change({ types: draft.types.filter((_, i) => i !== index) })}
              >
                <Icon name="close" />
              </Button>
            )}
            {type.fixed && (
              <div className={styles.fixed}>
                {draft.levels.map((level) => (
                  <Field
                    key={level.key}
                    label={t('field.price', { currency: draft.currency, name: level.name })}
                    inputMode="decimal"
                    placeholder={level.amount}
                    value={type.fixed?.[level.key] ?? ''}
                    error={at(`ticketTypes.${index}.pricing`)}
                    onChange={(event) =>
                      setType(index, { fixed: { ...type.fixed, [level.key]: event.target.value } })
                    }
                  />
                ))}
              </div>
            )}
          </li>
        ))}
      </ul>
      {draft.types.length < TYPES_MAX && (
        <div>
          <Button
            size="s"
            onClick={() => change({ types: [...draft.types, { key: '', name: '', share: '50' }] })}
          >
            {t('addType')}
          </Button>
        </div>
      )}
    </>
  )
}
