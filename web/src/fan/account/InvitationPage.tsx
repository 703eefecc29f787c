import { useMutation } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, ok } from '../../api/client'
import { useProblemMessage } from '../../i18n/problem'
import { Button } from '../../ui/Button'
import { Card, Page, PageHead } from '../../ui/Page'
import { Notice } from '../../ui/State'
import { toast } from '../../ui/Toast'
import styles from './Account.module.css'

/** Where the link of an invitation leads: its code stands behind `#token=`, which no server sees. */
export function InvitationPage() {
  const { t } = useTranslation('account')
  const message = useProblemMessage()
  const navigate = useNavigate()
  const [token] = useState(() => new URLSearchParams(location.hash.slice(1)).get('token') ?? '')
  const accept = useMutation({
    mutationFn: () => ok(api.POST('/api/v1/me/invitations/accept', { body: { token } })),
    onSuccess: ({ name }) => {
      toast(t('joined', { name }), { tone: 'good' })
      void navigate({ to: '/organizer' })
    },
  })
  const decline = useMutation({
    mutationFn: () => ok(api.POST('/api/v1/me/invitations/decline', { body: { token } })),
    onSuccess: () => {
      toast(t('declined'))
      void navigate({ to: '/' })
    },
  })
  const failed = accept.error ?? decline.error
  return (
    <Page title={t('invitation')} narrow>
      <PageHead title={t('invitation')}>{t('invitationText')}</PageHead>
      <Card>
        {failed && <Notice tone="bad">{message(failed)}</Notice>}
        <div className={styles.buttons}>
          <Button variant="primary" size="l" busy={accept.isPending} onClick={() => accept.mutate()}>
            {t('join')}
          </Button>
          <Button size="l" busy={decline.isPending} onClick={() => decline.mutate()}>
            {t('decline')}
          </Button>
        </div>
      </Card>
    </Page>
  )
}
