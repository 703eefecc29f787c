import { useMutation } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { isProblem } from '../../api/problem'
import { useProblemMessage } from '../../i18n/problem'
import { Button, buttonClass } from '../../ui/Button'
import { Field } from '../../ui/Field'
import { Card, Page, PageHead } from '../../ui/Page'
import { Notice } from '../../ui/State'
import { resetPassword } from './calls'

/** A new password by the code from a message. A link may bring the code behind `#token=`. */
export function ResetPage() {
  const { t } = useTranslation('auth')
  const message = useProblemMessage()
  const [token, setToken] = useState(() => new URLSearchParams(location.hash.slice(1)).get('token') ?? '')
  const [password, setPassword] = useState('')
  const [otp, setOtp] = useState('')
  const reset = useMutation({
    mutationFn: () => resetPassword(token.trim(), password, otp.trim() || undefined),
  })
  const needsOtp = otp !== '' || isProblem(reset.error, 'mfa_required', 'invalid_otp')
  const submit = (event: FormEvent) => {
    event.preventDefault()
    reset.mutate()
  }
  return (
    <Page title={t('resetTitle')} narrow>
      <PageHead title={t('resetTitle')}>{t('resetText')}</PageHead>
      <Card>
        {reset.isSuccess ? (
          <>
            <Notice tone="good">{t('resetDone')}</Notice>
            <Link to="/sign-in" className={buttonClass({ variant: 'primary', size: 'l' })}>
              {t('signIn')}
            </Link>
          </>
        ) : (
          <form onSubmit={submit} style={{ display: 'grid', gap: 'var(--s4)' }}>
            {reset.isError && <Notice tone="bad">{message(reset.error)}</Notice>}
            <Field
              label={t('token')}
              value={token}
              onChange={(event) => setToken(event.target.value)}
              autoComplete="off"
              required
            />
            <Field
              label={t('newPassword')}
              hint={t('passwordHint')}
              type="password"
              value={password}
              onChange={(event) => setPassword(event.target.value)}
              autoComplete="new-password"
              minLength={8}
              maxLength={128}
              required
            />
            {needsOtp && (
              <Field
                label={t('otp')}
                hint={t('otpHint')}
                value={otp}
                onChange={(event) => setOtp(event.target.value)}
                autoComplete="one-time-code"
              />
            )}
            <Button variant="primary" size="l" type="submit" busy={reset.isPending}>
              {t('resetDo')}
            </Button>
          </form>
        )}
      </Card>
    </Page>
  )
}
