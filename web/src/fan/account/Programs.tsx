import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, ok } from '../../api/client'
import { useLocale } from '../../i18n'
import { useProblemMessage } from '../../i18n/problem'
import { formatTime } from '../../lib/time'
import { Button } from '../../ui/Button'
import { Field } from '../../ui/Field'
import { Notice } from '../../ui/State'
import { toast } from '../../ui/Toast'
import { goToLink, providersQuery } from '../auth/providers'
import styles from './Account.module.css'
import { ProofDialog } from './ProofDialog'
import { invitationsQuery, linksQuery, programsQuery } from './queries'
import { List, Section } from './Section'

/** Who else has a way in: programs with access, accounts elsewhere, and teams that invite. */
export function Programs() {
  const { t } = useTranslation('account')
  const locale = useLocale()
  const message = useProblemMessage()
  const client = useQueryClient()
  const programs = useQuery(programsQuery)
  const links = useQuery(linksQuery)
  const { data: providers = [] } = useQuery(providersQuery)
  const [removing, setRemoving] = useState<{ id: string; name: string }>()
  const [linking, setLinking] = useState<{ id: string; name: string }>()
  const linked = links.data?.items.map(({ provider }) => provider)
  const end = useMutation({
    mutationFn: (grant: string) =>
      ok(api.DELETE('/api/v1/me/programs/{grant}', { params: { path: { grant } } })),
    onSettled: () => client.invalidateQueries({ queryKey: programsQuery.queryKey }),
    onError: (error) => toast(message(error), { tone: 'bad' }),
  })
  return (
    <Section id="programs">
      <h3>{t('programs')}</h3>
      <List query={programs} empty={t('noPrograms')}>
        {(program) => (
          <li key={program.id} className={styles.item}>
            <div>
              <strong>{program.name}</strong>
              <span className={styles.text}>
                {program.organizer} · {program.scopes.join(', ')} ·{' '}
                {t('usedAt', { time: formatTime(program.usedAt, locale, 'short') })}
              </span>
            </div>
            <Button size="s" onClick={() => end.mutate(program.id)}>
              {t('endProgram')}
            </Button>
          </li>
        )}
      </List>
      <h3>{t('links')}</h3>
      <List query={links} empty={t('noLinks')}>
        {(link) => (
          <li key={link.id} className={styles.item}>
            <div>
              <strong>{link.providerName ?? link.provider}</strong>
              <span className={styles.text}>{link.email}</span>
            </div>
            <Button
              size="s"
              onClick={() => setRemoving({ id: link.id, name: link.providerName ?? link.provider })}
            >
              {t('remove')}
            </Button>
          </li>
        )}
      </List>
      {linked && (
        <div className={styles.buttons}>
          {providers
            .filter(({ id }) => !linked.includes(id))
            .map((provider) => (
              <Button key={provider.id} onClick={() => setLinking(provider)}>
                {t('link', { name: provider.name })}
              </Button>
            ))}
        </div>
      )}
      <Invitations />
      {linking && (
        <ProofDialog
          title={t('link', { name: linking.name })}
          text={t('linkText', { name: linking.name })}
          action={t('common:action.continue')}
          onClose={() => setLinking(undefined)}
          run={(proof) => goToLink(linking.id, proof)}
        />
      )}
      {removing && (
        <ProofDialog
          title={t('removeLink', { name: removing.name })}
          action={t('remove')}
          danger
          onClose={() => setRemoving(undefined)}
          run={async (proof) => {
            await ok(
              api.DELETE('/api/v1/me/provider-links/{link}', {
                params: { path: { link: removing.id } },
                body: proof,
              }),
            )
            await client.invalidateQueries({ queryKey: linksQuery.queryKey })
          }}
        />
      )}
    </Section>
  )
}

/** A team's invitation is taken up with the code from its message. */
function Invitations() {
  const { t } = useTranslation('account')
  const message = useProblemMessage()
  const client = useQueryClient()
  const invitations = useQuery(invitationsQuery)
  const [token, setToken] = useState('')
  const accept = useMutation({
    mutationFn: () => ok(api.POST('/api/v1/me/invitations/accept', { body: { token: token.trim() } })),
    onSuccess: ({ name }) => {
      setToken('')
      toast(t('joined', { name }), { tone: 'good' })
      void client.invalidateQueries({ queryKey: invitationsQuery.queryKey })
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    accept.mutate()
  }
  if (!invitations.data || invitations.data.items.length === 0) return null
  return (
    <>
      <h3>{t('invitations')}</h3>
      <List query={invitations} empty="">
        {(invitation) => (
          <li key={invitation.id} className={styles.item}>
            <strong>{invitation.organizerName}</strong>
            <span className={styles.text}>{invitation.role}</span>
          </li>
        )}
      </List>
      {accept.isError && <Notice tone="bad">{message(accept.error)}</Notice>}
      <form className={styles.inline} onSubmit={submit}>
        <Field
          label={t('invitationCode')}
          value={token}
          onChange={(event) => setToken(event.target.value)}
          required
        />
        <Button type="submit" busy={accept.isPending}>
          {t('join')}
        </Button>
      </form>
    </>
  )
}
