import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, ok } from '../../api/client'
import type { User } from '../../api/types'
import { useProblemMessage } from '../../i18n/problem'
import type { QrSymbol } from '../../lib/symbol'
import { Button } from '../../ui/Button'
import { Dialog } from '../../ui/Dialog'
import { Field } from '../../ui/Field'
import { QrImage } from '../../ui/QrImage'
import { Notice } from '../../ui/State'
import { toast } from '../../ui/Toast'
import styles from './Account.module.css'
import { ProofDialog } from './ProofDialog'
import { mfaQuery, passkeysQuery } from './queries'
import { Section } from './Section'

type Enrolment = { secret: string; uri: string; symbol: QrSymbol }
type Doing = 'enrol' | 'remove' | 'codes'

export function SecondFactor({ me }: { me: User }) {
  const { t } = useTranslation('account')
  const client = useQueryClient()
  const { data: mfa } = useQuery(mfaQuery)
  const [doing, setDoing] = useState<Doing>()
  const [enrolment, setEnrolment] = useState<Enrolment>()
  const [codes, setCodes] = useState<readonly string[]>()
  const changed = () => {
    void client.invalidateQueries({ queryKey: ['me'], exact: true })
    void client.invalidateQueries({ queryKey: mfaQuery.queryKey })
    void client.invalidateQueries({ queryKey: passkeysQuery.queryKey })
  }
  const on = Boolean(mfa?.totpSince)
  const verified = me.emailVerified || me.phoneVerified
  return (
    <Section id="second" text={t(on ? 'secondOn' : 'secondOff', { count: mfa?.recoveryCodesLeft ?? 0 })}>
      {!on && !verified && <Notice tone="warn">{t('verifyFirst')}</Notice>}
      <div className={styles.buttons}>
        {on ? (
          <>
            <Button onClick={() => setDoing('codes')}>{t('newCodes')}</Button>
            <Button variant="danger" onClick={() => setDoing('remove')}>
              {t('secondRemove')}
            </Button>
          </>
        ) : (
          <Button disabled={!verified} onClick={() => setDoing('enrol')}>
            {t('secondAdd')}
          </Button>
        )}
      </div>
      {doing === 'enrol' && (
        <ProofDialog
          title={t('secondAdd')}
          text={t('secondAddText')}
          action={t('common:action.continue')}
          onClose={() => setDoing(undefined)}
          run={async ({ password }) => {
            const made = await ok(api.POST('/api/v1/me/mfa/totp', { body: { password } }))
            const { symbolOf } = await import('../../lib/symbol')
            setEnrolment({ ...made, symbol: symbolOf(made.uri) })
          }}
        />
      )}
      {doing === 'remove' && (
        <ProofDialog
          title={t('secondRemove')}
          text={t('secondRemoveText')}
          action={t('secondRemove')}
          danger
          onClose={() => setDoing(undefined)}
          run={async ({ password, otp = '' }) => {
            await ok(api.POST('/api/v1/me/mfa/totp/remove', { body: { password, otp } }))
            changed()
          }}
        />
      )}
      {doing === 'codes' && (
        <ProofDialog
          title={t('newCodes')}
          text={t('newCodesText')}
          action={t('newCodes')}
          onClose={() => setDoing(undefined)}
          run={async ({ password, otp = '' }) => {
            const { recoveryCodes } = await ok(
              api.POST('/api/v1/me/mfa/recovery-codes', { body: { password, otp } }),
            )
            setCodes(recoveryCodes)
            changed()
          }}
        />
      )}
      {enrolment && (
        <Confirm
          enrolment={enrolment}
          onClose={() => setEnrolment(undefined)}
          onDone={(recovery) => {
            setEnrolment(undefined)
            setCodes(recovery)
            changed()
          }}
        />
      )}
      {codes && <Codes codes={codes} onClose={() => setCodes(undefined)} />}
    </Section>
  )
}

function Confirm({
  enrolment,
  onClose,
  onDone,
}: {
  enrolment: Enrolment
  onClose: () => void
  onDone: (codes: string[]) => void
}) {
  const { t } = useTranslation('account')
  const message = useProblemMessage()
  const [otp, setOtp] = useState('')
  const confirm = useMutation({
    mutationFn: () => ok(api.POST('/api/v1/me/mfa/totp/confirm', { body: { otp: otp.replace(/\s/g, '') } })),
    onSuccess: ({ recoveryCodes }) => onDone(recoveryCodes),
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    confirm.mutate()
  }
  return (
    <Dialog open onClose={onClose} title={t('secondAdd')}>
      <form className={styles.form} onSubmit={submit}>
        <p>{t('scan')}</p>
        <QrImage symbol={enrolment.symbol} label={t('symbol')} className={styles.symbol} />
        <p>
          {t('byHand')} <code className={styles.code}>{enrolment.secret}</code>
        </p>
        <p>
          <a href={enrolment.uri}>{t('openApp')}</a>
        </p>
        {confirm.isError && <Notice tone="bad">{message(confirm.error)}</Notice>}
        <Field
          label={t('appCode')}
          value={otp}
          onChange={(event) => setOtp(event.target.value)}
          inputMode="numeric"
          autoComplete="one-time-code"
          required
        />
        <Button variant="primary" size="l" type="submit" busy={confirm.isPending}>
          {t('secondAdd')}
        </Button>
      </form>
    </Dialog>
  )
}

function Codes({ codes, onClose }: { codes: readonly string[]; onClose: () => void }) {
  const { t } = useTranslation('account')
  return (
    <Dialog open onClose={onClose} title={t('codes')} locked>
      <p>{t('codesText')}</p>
      <ol className={styles.codes}>
        {codes.map((code) => (
          <li key={code}>
            <code>{code}</code>
          </li>
        ))}
      </ol>
      <div className={styles.buttons}>
        <Button
          onClick={async () => {
            await navigator.clipboard.writeText(codes.join('\n'))
            toast(t('common:action.copied'))
          }}
        >
          {t('common:action.copy')}
        </Button>
        <Button variant="primary" onClick={onClose}>
          {t('codesKept')}
        </Button>
      </div>
    </Dialog>
  )
}
