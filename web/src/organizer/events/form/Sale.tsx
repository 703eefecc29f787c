import { useTranslation } from 'react-i18next'
import { Button } from '../../../ui/Button'
import { Field, Select } from '../../../ui/Field'
import { Icon } from '../../../ui/Icon'
import type { WindowDraft } from '../draft'
import type { FieldsProps } from '../EventForm'
import styles from '../Events.module.css'

const WINDOWS_MAX = 50

/** When tickets can be bought; without any window, from publishing until the start. */
export function Sale({ draft, change, at }: FieldsProps) {
  const { t } = useTranslation('organizerEvents')
  const setWindow = (index: number, changes: Partial<WindowDraft>) =>
    change({ windows: draft.windows.map((one, i) => (i === index ? { ...one, ...changes } : one)) })
  return (
    <>
      {draft.windows.length === 0 && <p>{t('noWindows')}</p>}
      <ul className={styles.rows}>
        {draft.windows.map((window, index) => (
          <li key={index} className={styles.type}>
            <Select
              label={t('field.windowKind')}
              value={window.kind}
              onChange={(event) => setWindow(index, { kind: event.target.value as WindowDraft['kind'] })}
            >
              <option value="general">{t('windowGeneral')}</option>
              <option value="presale">{t('windowPresale')}</option>
            </Select>
            <Field
              type="datetime-local"
              label={t('field.opens')}
              value={window.opensAt}
              error={at(`saleWindows.${index}.opensAt`) ?? (index === 0 ? at('saleWindows') : undefined)}
              onChange={(event) => setWindow(index, { opensAt: event.target.value })}
            />
            <Field
              type="datetime-local"
              label={t('field.closes')}
              value={window.closesAt}
              error={at(`saleWindows.${index}.closesAt`)}
              onChange={(event) => setWindow(index, { closesAt: event.target.value })}
            />
            <Button
              variant="quiet"
              aria-label={t('removeWindow', { number: index + 1 })}
              onClick={() => change({ windows: draft.windows.filter((_, i) => i !== index) })}
            >
              <Icon name="close" />
            </Button>
          </li>
        ))}
      </ul>
      {draft.windows.length < WINDOWS_MAX && (
        <div>
          <Button
            size="s"
            onClick={() =>
              change({ windows: [...draft.windows, { kind: 'general', opensAt: '', closesAt: '' }] })
            }
          >
            {t('addWindow')}
          </Button>
        </div>
      )}
    </>
  )
}
