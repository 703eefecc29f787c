import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { type FormEvent, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, ok } from '../../api/client'
import { Button } from '../../ui/Button'
import { Field } from '../../ui/Field'
import { Icon } from '../../ui/Icon'
import { Page } from '../../ui/Page'
import { Head, Part } from '../kit/Head'
import kit from '../kit/kit.module.css'
import { Ready } from '../kit/List'
import { type Faults, useRefusal } from '../kit/refusal'
import { organizersQuery } from '../queries'
import styles from './Frame.module.css'

/** Which organizer to work for, or a new one. */
export function ChoosePage() {
  const { t } = useTranslation('organizer')
  const organizers = useQuery(organizersQuery)
  return (
    <Page narrow>
      <Head title={t('choose.title')}>{t('choose.lead')}</Head>
      <Ready query={organizers}>
        {organizers.data && organizers.data.length > 0 && (
          <ul className={styles.choose}>
            {organizers.data.map(({ id, name, role }) => (
              <li key={id}>
                <Link to="/organizer/$org" params={{ org: id }} className={styles.house}>
                  <span>
                    <strong>{name}</strong>
                    <small>{t(`role.${role}`)}</small>
                  </span>
                  <Icon name="next" />
                </Link>
              </li>
            ))}
          </ul>
        )}
      </Ready>
      <NewOrganizer />
      <p className={kit.note}>
        <Link to="/organizer/platform">{t('choose.platform')}</Link>
      </p>
    </Page>
  )
}

function NewOrganizer() {
  const { t } = useTranslation('organizer')
  const client = useQueryClient()
  const navigate = useNavigate()
  const form = useRef<HTMLFormElement>(null)
  const [name, setName] = useState('')
  const [faults, setFaults] = useState<Faults>({})
  // One key for one intention: sent again after a lost answer it makes no second organizer.
  const key = useRef(crypto.randomUUID())
  const create = useMutation({
    mutationFn: () =>
      ok(
        api.POST('/api/v1/organizers', {
          params: { header: { 'Idempotency-Key': key.current } },
          body: { name: name.trim() },
        }),
      ),
    onSuccess: async ({ id }) => {
      await client.invalidateQueries({ queryKey: organizersQuery.queryKey })
      await navigate({ to: '/organizer/$org', params: { org: id } })
    },
  })
  const refusal = useRefusal(faults, create.error, form)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (!name.trim()) return setFaults({ name: t('required') })
    setFaults({})
    create.mutate()
  }
  return (
    <Part id="new-organizer" title={t('choose.new')} note={t('choose.newText')}>
      <form ref={form} className={kit.stack} onSubmit={submit} noValidate>
        <Field
          label={t('choose.name')}
          value={name}
          maxLength={200}
          autoComplete="organization"
          error={refusal.at('name')}
          onChange={(event) => {
            setName(event.target.value)
            key.current = crypto.randomUUID()
          }}
        />
        {refusal.rest()}
        <div className={kit.buttons}>
          <Button type="submit" variant="primary" busy={create.isPending}>
            {t('choose.create')}
          </Button>
        </div>
      </form>
    </Part>
  )
}
