import { useMutation } from '@tanstack/react-query'
import { type FormEvent, type ReactNode, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useMe } from '../../api/me'
import { isProblem } from '../../api/problem'
import { useProblemMessage } from '../../i18n/problem'
import { Button } from '../../ui/Button'
import { Dialog } from '../../ui/Dialog'
import { Field } from '../../ui/Field'
import { Notice } from '../../ui/State'
import styles from './Account.module.css'

type Proof = { password: string; otp?: string }

type Props = {
  title: string
  text?: ReactNode
  /** What the button says that does it. */
  action: string
  danger?: boolean
  children?: ReactNode
  run: (proof: Proof) => Promise<void>
  onClose: () => void
}

/** What a stolen session must not do: asks for the password again, and for the second factor where there is one. */
export function ProofDialog({ title, text, action, danger = false, children, run, onClose }: Props) {
  const { t } = useTranslation('account')
  const message = useProblemMessage()
  const { me } = useMe()
  const [password, setPassword] = useState('')
  const [otp, setOtp] = useState('')
  const act = useMutation({
    mutationFn: () => run({ password, ...(otp && { otp: otp.replace(/\s/g, '') }) }),
    onSuccess: onClose,
  })
  const needsOtp = me?.secondFactor || isProblem(act.error, 'mfa_required', 'invalid_otp')
  const submit = (event: FormEvent) => {
    event.preventDefault()
    event.stopPropagation()
    act.mutate()
  }
  return (
    <Dialog open onClose={onClose} title={title} locked={act.isPending}>
      <form className={styles.form} onSubmit={submit}>
        {text && <div>{text}</div>}
        {act.isError && (
          <Notice tone="bad">
            {isProblem(act.error, 'invalid_credentials') ? t('wrongPassword') : message(act.error)}
          </Notice>
        )}
        {children}
        <Field
          label={t('password')}
          type="password"
          required
          value={password}
          onChange={(event) => setPassword(event.target.value)}
          autoComplete="current-password"
        />
        {needsOtp && (
          <Field
            label={t('otp')}
            required
            value={otp}
            onChange={(event) => setOtp(event.target.value)}
            autoComplete="one-time-code"
          />
        )}
        <Button variant={danger ? 'danger' : 'primary'} size="l" type="submit" busy={act.isPending}>
          {action}
        </Button>
      </form>
    </Dialog>
  )
}
