import { useTranslation } from 'react-i18next'
import { Checkbox } from '../../ui/Field'
import styles from '../staff/Staff.module.css'
import type { Scope } from '../types'

type Props = {
  scopes: readonly Scope[]
  chosen: readonly Scope[]
  onChange: (chosen: Scope[]) => void
  error?: React.ReactNode
}

/** What a program may do, in words and by the name that programmers know. */
export function Scopes({ scopes, chosen, onChange, error }: Props) {
  const { t } = useTranslation('organizerStaff')
  return (
    <fieldset>
      <legend>{t('programs.scopes')}</legend>
      <div className={styles.scopes}>
        {scopes.map((scope) => (
          <Checkbox
            key={scope}
            label={t(`scope.${scope.replace('.', '_')}`)}
            hint={scope}
            checked={chosen.includes(scope)}
            onChange={(event) =>
              onChange(event.target.checked ? [...chosen, scope] : chosen.filter((one) => one !== scope))
            }
          />
        ))}
      </div>
      {error && <p role="alert">{error}</p>}
    </fieldset>
  )
}
