import { useMutation } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { isProblem, type Problem } from '../../api/problem'
import type { User } from '../../api/types'
import { useProblemMessage } from '../../i18n/problem'
import { Button } from '../../ui/Button'
import { Field } from '../../ui/Field'
import { Icon } from '../../ui/Icon'
import { Notice } from '../../ui/State'
import styles from './AuthForm.module.css'
import { assertion, forgotPassword, logIn, passkeysWork, register, signInWithPasskey } from './calls'
import { ProviderButtons } from './ProviderButtons'

type AuthMode = 'signIn' | 'register' | 'forgot'
type Props = {
  initial?: AuthMode
  onDone: (user: User) => void
  /** Where to go after signing in elsewhere, which leaves the page. */
  next?: string | undefined
}

/** What the account asks for beside its password. */
type Second = { methods: readonly string[]; passkey?: unknown }

/** Signing in, making an account, asking for a new password: one form that keeps what was typed. */
export function AuthForm({ initial = 'signIn', onDone, next }: Props) {
  const { t, i18n } = useTranslation('auth')
  const message = useProblemMessage()
  const [mode, setMode] = useState<AuthMode>(initial)
  const [fields, setFields] = useState({ name: '', email: '', password: '', otp: '' })
  const [second, setSecond] = useState<Second>()
  const set = (name: keyof typeof fields) => (event: { target: { value: string } }) =>
    setFields((before) => ({ ...before, [name]: event.target.value }))
  const switchTo = (next: AuthMode) => {
    setMode(next)
    setSecond(undefined)
    enter.reset()
  }

  const enter = useMutation({
    mutationFn: async (by: 'password' | 'passkey' | 'second-passkey') => {
      const { name, email, password, otp } = fields
      if (by === 'passkey') return signInWithPasskey()
      if (by === 'second-passkey')
        return logIn(email, password, { passkey: await assertion(second?.passkey) })
      if (mode === 'register') return register(name, email, password, i18n.language === 'de' ? 'de' : 'en')
      if (mode === 'forgot') return forgotPassword(email)
      return logIn(email, password, otp ? { otp: otp.replace(/\s/g, '') } : {})
    },
    onSuccess: (answer, by) => {
      if (mode !== 'forgot' || by === 'passkey') onDone(answer as User)
    },
    onError: (error) => {
      if (isProblem(error, 'mfa_required')) setSecond(asked(error))
    },
  })

  const submit = (event: FormEvent) => {
    event.preventDefault()
    enter.mutate('password')
  }
  const refused = enter.isError && !isProblem(enter.error, 'mfa_required') && !turnedAway(enter.error)
  if (mode === 'forgot' && enter.isSuccess)
    return <Sent email={fields.email} onBack={() => switchTo('signIn')} />

  return (
    <form className={styles.form} onSubmit={submit}>
      {refused && (
        <Notice tone="bad">
          {message(enter.error)}
          {isProblem(enter.error, 'email_taken') && (
            <Button variant="quiet" size="s" onClick={() => switchTo('signIn')}>
              {t('toSignIn')}
            </Button>
          )}
        </Notice>
      )}
      {second ? (
        <>
          <Notice>{t('secondText')}</Notice>
          <Field
            label={t('otp')}
            hint={t('otpHint')}
            value={fields.otp}
            onChange={set('otp')}
            autoComplete="one-time-code"
            required={!second.methods.includes('passkey')}
            ref={(input) => input?.focus()}
          />
          <Button variant="primary" size="l" wide type="submit" busy={enter.isPending}>
            {t('signIn')}
          </Button>
          {second.methods.includes('passkey') && passkeysWork() && (
            <Button wide busy={enter.isPending} onClick={() => enter.mutate('second-passkey')}>
              <Icon name="key" /> {t('withPasskey')}
            </Button>
          )}
        </>
      ) : (
        <>
          {mode === 'register' && (
            <Field
              label={t('name')}
              value={fields.name}
              onChange={set('name')}
              autoComplete="name"
              required
              maxLength={200}
            />
          )}
          <Field
            label={t('email')}
            type="email"
            value={fields.email}
            onChange={set('email')}
            autoComplete="username"
            required
          />
          {mode !== 'forgot' && (
            <Field
              label={t('password')}
              hint={mode === 'register' ? t('passwordHint') : undefined}
              type="password"
              value={fields.password}
              onChange={set('password')}
              autoComplete={mode === 'register' ? 'new-password' : 'current-password'}
              minLength={mode === 'register' ? 8 : undefined}
              maxLength={128}
              required
            />
          )}
          <Button variant="primary" size="l" wide type="submit" busy={enter.isPending}>
            {t(mode)}
          </Button>
          {mode === 'signIn' && passkeysWork() && (
            <Button wide busy={enter.isPending} onClick={() => enter.mutate('passkey')}>
              <Icon name="key" /> {t('withPasskey')}
            </Button>
          )}
          {mode !== 'forgot' && <ProviderButtons next={next} />}
        </>
      )}
      <div className={styles.others}>
        {mode !== 'signIn' && (
          <Button variant="quiet" size="s" onClick={() => switchTo('signIn')}>
            {t('toSignIn')}
          </Button>
        )}
        {mode !== 'register' && (
          <Button variant="quiet" size="s" onClick={() => switchTo('register')}>
            {t('toRegister')}
          </Button>
        )}
        {mode === 'signIn' && (
          <Button variant="quiet" size="s" onClick={() => switchTo('forgot')}>
            {t('toForgot')}
          </Button>
        )}
      </div>
    </form>
  )
}

function Sent({ email, onBack }: { email: string; onBack: () => void }) {
  const { t } = useTranslation('auth')
  return (
    <div className={styles.form}>
      <Notice tone="good">{t('sent', { email })}</Notice>
      <p>
        <Link to="/reset-password">{t('haveToken')}</Link>
      </p>
      <Button onClick={onBack}>{t('toSignIn')}</Button>
    </div>
  )
}

function asked(problem: Problem): Second {
  const { methods, passkey } = problem.details
  return { methods: Array.isArray(methods) ? methods.map(String) : ['totp'], passkey }
}

/** The person closed the browser's own passkey dialog: nothing to complain about. */
const turnedAway = (error: unknown) => error instanceof DOMException && error.name === 'NotAllowedError'
