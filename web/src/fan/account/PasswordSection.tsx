import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, ok } from '../../api/client'
import { Button } from '../../ui/Button'
import { Field } from '../../ui/Field'
import { toast } from '../../ui/Toast'
import { ProofDialog } from './ProofDialog'
import { Section } from './Section'

export function PasswordSection() {
  const { t } = useTranslation('account')
  const [changing, setChanging] = useState(false)
  const [next, setNext] = useState('')
  return (
    <Section id="password" text={t('passwordText')}>
      <div>
        <Button onClick={() => setChanging(true)}>{t('passwordChange')}</Button>
      </div>
      {changing && (
        <ProofDialog
          title={t('passwordChange')}
          action={t('passwordChange')}
          onClose={() => setChanging(false)}
          run={async ({ password: current, otp }) => {
            await ok(
              api.POST('/api/v1/me/password', { body: { current, password: next, ...(otp && { otp }) } }),
            )
            setNext('')
            toast(t('passwordChanged'), { tone: 'good' })
          }}
        >
          <Field
            label={t('newPassword')}
            type="password"
            minLength={8}
            maxLength={128}
            required
            value={next}
            onChange={(event) => setNext(event.target.value)}
            autoComplete="new-password"
          />
        </ProofDialog>
      )}
    </Section>
  )
}
