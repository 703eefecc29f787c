import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, ok } from '../../api/client'
import type { User } from '../../api/types'
import { useLocale } from '../../i18n'
import { useProblemMessage } from '../../i18n/problem'
import { formatTime } from '../../lib/time'
import { Button } from '../../ui/Button'
import { Field, Select } from '../../ui/Field'
import { Notice } from '../../ui/State'
import { toast } from '../../ui/Toast'
import styles from './Account.module.css'
import { checksQuery } from './queries'
import { List, Section } from './Section'

const DOCUMENTS = ['passport', 'id_card', 'driving_licence', 'residence_permit'] as const
type Document = (typeof DOCUMENTS)[number]

/** Documents that show who somebody is, and what became of them. */
export function Identity({ me }: { me: User }) {
  const { t } = useTranslation('account')
  const locale = useLocale()
  const checks = useQuery(checksQuery)
  const newest = checks.data?.items[0]?.status
  const isSettled = newest === 'pending' || newest === 'verified'
  const isVerified = me.emailVerified || me.phoneVerified
  return (
    <Section id="identity" text={t('identityText')}>
      <List query={checks} empty={t('noChecks')}>
        {(check) => (
          <li key={check.id} className={styles.item}>
            <div>
              <strong>
                {t(`document.${check.documentType}`)}, {check.country}
              </strong>
              <span className={styles.text}>
                {t(`check.${check.status}`)} ·{' '}
                {formatTime(check.decidedAt ?? check.submittedAt, locale, 'short')}
                {check.reason && ` · ${check.reason}`}
              </span>
            </div>
          </li>
        )}
      </List>
      {!isVerified && <Notice tone="warn">{t('verifyBefore')}</Notice>}
      {isVerified && checks.isSuccess && !isSettled && <HandIn />}
    </Section>
  )
}

function HandIn() {
  const { t } = useTranslation('account')
  const message = useProblemMessage()
  const client = useQueryClient()
  const [documentType, setDocumentType] = useState<Document>('passport')
  const [country, setCountry] = useState('')
  const [reference, setReference] = useState('')
  const handIn = useMutation({
    mutationFn: () =>
      ok(
        api.POST('/api/v1/me/kyc', {
          body: { documentType, country: country.toUpperCase(), reference: reference.trim() },
        }),
      ),
    onSuccess: () => toast(t('handedIn'), { tone: 'good' }),
    onSettled: () => client.invalidateQueries({ queryKey: checksQuery.queryKey }),
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    handIn.mutate()
  }
  return (
    <form className={styles.form} onSubmit={submit}>
      {handIn.isError && <Notice tone="bad">{message(handIn.error)}</Notice>}
      <Select
        label={t('documentType')}
        value={documentType}
        onChange={(event) => setDocumentType(event.target.value as Document)}
      >
        {DOCUMENTS.map((one) => (
          <option key={one} value={one}>
            {t(`document.${one}`)}
          </option>
        ))}
      </Select>
      <Field
        label={t('country')}
        hint={t('countryHint')}
        value={country}
        onChange={(event) => setCountry(event.target.value)}
        pattern="[A-Za-z]{2}"
        maxLength={2}
        autoComplete="country"
        required
      />
      <Field
        label={t('reference')}
        value={reference}
        onChange={(event) => setReference(event.target.value)}
        maxLength={200}
        required
      />
      <Button type="submit" busy={handIn.isPending}>
        {t('handIn')}
      </Button>
    </form>
  )
}
