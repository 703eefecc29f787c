import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, ok } from '../../api/client'
import type { User } from '../../api/types'
import { useProblemMessage } from '../../i18n/problem'
import { Button } from '../../ui/Button'
import { Field } from '../../ui/Field'
import { Notice } from '../../ui/State'
import { toast } from '../../ui/Toast'
import styles from './Account.module.css'
import { ProofDialog } from './ProofDialog'
import { Section } from './Section'

type Kind = 'email' | 'phone'

/** Where messages reach the person, and whether a code that was sent there came back. */
export function Addresses({ me }: { me: User }) {
  return (
    <Section id="addresses">
      <ul className={styles.list}>
        <Address kind="email" value={me.email} verified={me.emailVerified} />
        <Address kind="phone" value={me.phone} verified={me.phoneVerified} />
      </ul>
    </Section>
  )
}

const CALLS = {
  email: {
    send: () => ok(api.POST('/api/v1/me/email/code')),
    verify: (code: string) => ok(api.POST('/api/v1/me/email/verify', { body: { code } })),
  },
  phone: {
    send: () => ok(api.POST('/api/v1/me/phone/code')),
    verify: (code: string) => ok(api.POST('/api/v1/me/phone/verify', { body: { code } })),
  },
}

function Address({
  kind,
  value,
  verified,
}: {
  kind: Kind
  value: string | null | undefined
  verified: boolean
}) {
  const { t } = useTranslation('account')
  const message = useProblemMessage()
  const client = useQueryClient()
  const [changing, setChanging] = useState(false)
  /** A code is on its way: to this address, or to a new one that replaces it. */
  const [awaiting, setAwaiting] = useState(false)
  const [code, setCode] = useState('')
  const [next, setNext] = useState('')
  const send = useMutation({ mutationFn: CALLS[kind].send, onSuccess: () => setAwaiting(true) })
  const verify = useMutation({
    mutationFn: () => CALLS[kind].verify(code.trim()),
    onSuccess: (user) => {
      client.setQueryData(['me'], user)
      setAwaiting(false)
      setCode('')
      toast(t('verifiedNow'), { tone: 'good' })
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    verify.mutate()
  }
  const failed = verify.error ?? send.error
  return (
    <li className={styles.item}>
      <div>
        <strong>{t(kind)}</strong>
        <span className={styles.text}>
          {value ?? t('noAddress')}
          {value && ` · ${t(verified ? 'verified' : 'unverified')}`}
        </span>
      </div>
      <div className={styles.buttons}>
        {value && !verified && (
          <Button size="s" busy={send.isPending} onClick={() => send.mutate()}>
            {t('sendCode')}
          </Button>
        )}
        <Button size="s" onClick={() => setChanging(true)}>
          {t(value ? 'change' : 'add')}
        </Button>
      </div>
      {failed && <Notice tone="bad">{message(failed)}</Notice>}
      {(awaiting || (value && !verified)) && (
        <form className={styles.inline} onSubmit={submit}>
          <Field
            label={t('code')}
            hint={awaiting ? t('codeSent') : undefined}
            value={code}
            onChange={(event) => setCode(event.target.value)}
            autoComplete="one-time-code"
            required
          />
          <Button type="submit" busy={verify.isPending}>
            {t('verify')}
          </Button>
        </form>
      )}
      {changing && (
        <ProofDialog
          title={t(kind)}
          text={t('changeText')}
          action={t('sendCode')}
          onClose={() => setChanging(false)}
          run={async (proof) => {
            if (kind === 'email') await ok(api.POST('/api/v1/me/email', { body: { email: next, ...proof } }))
            else
              await ok(
                api.POST('/api/v1/me/phone', { body: { phone: next.replace(/[\s()/-]/g, ''), ...proof } }),
              )
            setAwaiting(true)
          }}
        >
          <Field
            label={t(kind === 'email' ? 'newEmail' : 'newPhone')}
            hint={kind === 'phone' ? t('phoneHint') : undefined}
            type={kind === 'email' ? 'email' : 'tel'}
            value={next}
            onChange={(event) => setNext(event.target.value)}
            autoComplete={kind === 'email' ? 'email' : 'tel'}
            required
          />
        </ProofDialog>
      )}
    </li>
  )
}
