import { useMutation, useQuery } from '@tanstack/react-query'
import { getRouteApi, Link, useRouter } from '@tanstack/react-router'
import { type FormEvent, useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { isProblem } from '../../api/problem'
import { useProblemMessage } from '../../i18n/problem'
import { Button, buttonClass } from '../../ui/Button'
import { Field } from '../../ui/Field'
import { Card, Page, PageHead } from '../../ui/Page'
import { Loading, Notice, Skeleton } from '../../ui/State'
import { toast } from '../../ui/Toast'
import styles from './AuthForm.module.css'
import { endVisit, finishLink, finishSignIn, providersQuery, visitTo } from './providers'

const route = getRouteApi('/sign-in/$provider')

/** Where a provider sends somebody back to, to be signed in or to have their account linked. */
export function ProviderReturnPage() {
  const { t, i18n } = useTranslation('auth')
  const message = useProblemMessage()
  const router = useRouter()
  const { provider } = route.useParams()
  const { code, state, iss, error } = route.useSearch()
  const { data: providers } = useQuery(providersQuery)
  const name = providers?.find(({ id }) => id === provider)?.name ?? provider
  const [visit] = useState(() => visitTo(provider))
  const [otp, setOtp] = useState('')
  const finish = useMutation({
    mutationFn: async (otp?: string) => {
      if (!visit || !state) return
      // The provider's answer is used up when the second factor alone is missing.
      const answer = { state, ...(otp ? { otp } : { code: code ?? '' }), ...(iss ? { iss } : {}) }
      if (visit.for === 'signIn') return finishSignIn(visit, answer, i18n.language === 'de' ? 'de' : 'en')
      await finishLink(visit, answer)
    },
    onSuccess: () => {
      endVisit()
      if (visit?.for === 'link') toast(t('linked', { name }), { tone: 'good' })
      router.history.replace(visit?.for === 'link' ? '/account#programs' : (visit?.next ?? '/'))
    },
  })
  const answered = Boolean(visit && state && code)
  const begun = useRef(false)
  useEffect(() => {
    if (!answered || begun.current) return
    begun.current = true
    finish.mutate(undefined)
  }, [answered, finish.mutate])

  const submit = (event: FormEvent) => {
    event.preventDefault()
    finish.mutate(otp.replace(/\s/g, ''))
  }
  const wantsOtp = isProblem(finish.error, 'mfa_required', 'invalid_otp')
  return (
    <Page title={t('signIn')} narrow>
      <PageHead title={t('withProvider', { name })} />
      <Card>
        {wantsOtp ? (
          <form className={styles.form} onSubmit={submit}>
            {isProblem(finish.error, 'invalid_otp') ? (
              <Notice tone="bad">{message(finish.error)}</Notice>
            ) : (
              <Notice>{t('providerSecond', { name })}</Notice>
            )}
            <Field
              label={t('otp')}
              hint={t('otpHint')}
              value={otp}
              onChange={(event) => setOtp(event.target.value)}
              autoComplete="one-time-code"
              required
              ref={(input) => input?.focus()}
            />
            <Button variant="primary" size="l" wide type="submit" busy={finish.isPending}>
              {t('signIn')}
            </Button>
          </form>
        ) : !answered || finish.isError ? (
          <div className={styles.form}>
            <Notice tone={error === 'access_denied' ? 'plain' : 'bad'}>
              {finish.isError
                ? isProblem(finish.error, 'email_taken')
                  ? t('providerKnown', { name })
                  : message(finish.error)
                : t(error === 'access_denied' ? 'providerDeclined' : 'providerLost', { name })}
            </Notice>
            {visit?.for === 'link' ? (
              <Link to="/account" hash="programs" className={buttonClass({ variant: 'primary' })}>
                {t('toAccount')}
              </Link>
            ) : (
              <Link
                to="/sign-in"
                search={visit?.next ? { next: visit.next } : {}}
                className={buttonClass({ variant: 'primary' })}
              >
                {t('toSignInPage')}
              </Link>
            )}
          </div>
        ) : (
          <Loading>
            <Skeleton lines={3} block="3rem" />
          </Loading>
        )}
      </Card>
    </Page>
  )
}
