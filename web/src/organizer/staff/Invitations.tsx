import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { api, ok } from '../../api/client'
import { useLocale } from '../../i18n'
import { useProblemMessage } from '../../i18n/problem'
import { formatTime } from '../../lib/time'
import { Button } from '../../ui/Button'
import { toast } from '../../ui/Toast'
import { useOrganizer } from '../frame/context'
import { Part } from '../kit/Head'
import { Ready } from '../kit/List'
import { Table } from '../kit/Table'
import { invitationsQuery } from '../queries'

type Props = { eventsOf: (ids: readonly string[] | null | undefined) => string }

/** Who was asked and has not answered yet. */
export function Invitations({ eventsOf }: Props) {
  const { t } = useTranslation('organizerStaff')
  const locale = useLocale()
  const here = useOrganizer()
  const client = useQueryClient()
  const message = useProblemMessage()
  const invitations = useQuery(invitationsQuery(here.id))
  const act = useMutation({
    mutationFn: async ({ id, what }: { id: string; what: 'resend' | 'withdraw' }) => {
      const params = { path: { org: here.id, invitation: id } }
      if (what === 'resend')
        await ok(api.POST('/api/v1/organizers/{org}/invitations/{invitation}/resend', { params }))
      else await ok(api.DELETE('/api/v1/organizers/{org}/invitations/{invitation}', { params }))
      return what
    },
    onSuccess: async (what) => {
      toast(t(`did.${what}`), { tone: 'good' })
      await client.invalidateQueries({ queryKey: invitationsQuery(here.id).queryKey })
    },
    onError: (error) => toast(message(error), { tone: 'bad' }),
  })
  return (
    <Part id="invitations" title={t('invitations')}>
      <Ready query={invitations} lines={1}>
        {invitations.data?.length === 0 && <p>{t('noInvitations')}</p>}
        {invitations.data && invitations.data.length > 0 && (
          <Table
            caption={t('invitations')}
            rows={invitations.data}
            rowKey={(one) => one.id}
            columns={[
              { key: 'who', head: t('column.who'), heading: true, cell: (one) => one.email },
              { key: 'role', head: t('column.role'), cell: (one) => t(`organizer:role.${one.role}`) },
              { key: 'events', head: t('column.events'), cell: (one) => eventsOf(one.events) },
              {
                key: 'until',
                head: t('column.until'),
                cell: (one) => formatTime(one.expiresAt, locale, 'short'),
              },
              {
                key: 'do',
                head: <span className="visually-hidden">{t('column.do')}</span>,
                cell: (one) =>
                  here.may('editStaff') && (
                    <>
                      <Button
                        size="s"
                        variant="quiet"
                        onClick={() => act.mutate({ id: one.id, what: 'resend' })}
                      >
                        {t('resend')}
                      </Button>
                      <Button
                        size="s"
                        variant="quiet"
                        onClick={() => act.mutate({ id: one.id, what: 'withdraw' })}
                      >
                        {t('withdraw')}
                      </Button>
                    </>
                  ),
              },
            ]}
          />
        )}
      </Ready>
    </Part>
  )
}
