import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, ok } from '../../api/client'
import type { User } from '../../api/types'
import { LANGUAGES } from '../../i18n'
import { useProblemMessage } from '../../i18n/problem'
import { Button } from '../../ui/Button'
import { Checkbox, Field, Select } from '../../ui/Field'
import { Notice } from '../../ui/State'
import { toast } from '../../ui/Toast'
import styles from './Account.module.css'
import { Section } from './Section'

export function Profile({ me }: { me: User }) {
  const { t } = useTranslation('account')
  const message = useProblemMessage()
  const client = useQueryClient()
  const [name, setName] = useState(me.name)
  const [locale, setLocale] = useState(me.locale)
  const [mails, setMails] = useState(me.preferences.notifications.email)
  const save = useMutation({
    mutationFn: () => {
      const notifications = { ...me.preferences.notifications, email: mails }
      return ok(api.PATCH('/api/v1/me', { body: { name, locale, preferences: { notifications } } }))
    },
    onSuccess: (user) => {
      client.setQueryData(['me'], user)
      toast(t('common:state.saved'), { tone: 'good' })
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    save.mutate()
  }
  return (
    <Section id="profile">
      <form className={styles.form} onSubmit={submit}>
        {save.isError && <Notice tone="bad">{message(save.error)}</Notice>}
        <div className={styles.pair}>
          <Field
            label={t('name')}
            value={name}
            onChange={(event) => setName(event.target.value)}
            autoComplete="name"
            required
            maxLength={200}
          />
          <Select
            label={t('mailLanguage')}
            value={locale}
            onChange={(event) => setLocale(event.target.value as User['locale'])}
          >
            {LANGUAGES.map((language) => (
              <option key={language} value={language}>
                {t(`language.${language}`)}
              </option>
            ))}
          </Select>
        </div>
        <Checkbox label={t('news')} checked={mails} onChange={(event) => setMails(event.target.checked)} />
        <div>
          <Button type="submit" busy={save.isPending}>
            {t('common:action.save')}
          </Button>
        </div>
      </form>
    </Section>
  )
}
