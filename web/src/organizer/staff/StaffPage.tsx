import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useMe } from '../../api/me'
import { Button } from '../../ui/Button'
import { useOrganizer } from '../frame/context'
import { Head, Part } from '../kit/Head'
import { Ready } from '../kit/List'
import { Table } from '../kit/Table'
import { useStock } from '../overview/useStock'
import { membersQuery } from '../queries'
import type { Member } from '../types'
import { Invitations } from './Invitations'
import { MemberDialog } from './MemberDialog'
import { RemoveDialog } from './RemoveDialog'
import { SecondFactor } from './SecondFactor'

/** Who works here, as what, and for which events. */
export function StaffPage() {
  const { t } = useTranslation('organizerStaff')
  const here = useOrganizer()
  const { me } = useMe()
  const members = useQuery(membersQuery(here.id))
  const stock = useStock(here.id)
  const [dialog, setDialog] = useState<{ kind: 'invite' } | { kind: 'edit' | 'remove'; member: Member }>()
  const canEdit = here.may('editStaff')
  const close = () => setDialog(undefined)
  const eventsOf = (ids: readonly string[] | null | undefined) =>
    ids
      ? [...new Set(ids.map((id) => stock.events.find((event) => event.id === id)?.name ?? id))].join(', ')
      : t('allEvents')
  return (
    <>
      <Head
        title={t('title')}
        actions={
          canEdit && (
            <Button variant="primary" onClick={() => setDialog({ kind: 'invite' })}>
              {t('invite')}
            </Button>
          )
        }
      >
        {t('lead')}
      </Head>
      <Ready query={members}>
        <Table
          caption={t('title')}
          rows={members.data ?? []}
          rowKey={(member) => member.userId}
          columns={[
            {
              key: 'who',
              head: t('column.who'),
              heading: true,
              cell: (member) => (
                <>
                  {member.email ?? member.userId}
                  {member.userId === me?.id && ` (${t('you')})`}
                </>
              ),
            },
            { key: 'role', head: t('column.role'), cell: (member) => t(`organizer:role.${member.role}`) },
            { key: 'events', head: t('column.events'), cell: (member) => eventsOf(member.events) },
            {
              key: 'do',
              head: <span className="visually-hidden">{t('column.do')}</span>,
              cell: (member) => (
                <>
                  {canEdit && (
                    <Button
                      size="s"
                      variant="quiet"
                      aria-label={t('editWho', { who: member.email ?? member.userId })}
                      onClick={() => setDialog({ kind: 'edit', member })}
                    >
                      {t('common:action.edit')}
                    </Button>
                  )}
                  {(canEdit || member.userId === me?.id) && (
                    <Button
                      size="s"
                      variant="quiet"
                      aria-label={t(member.userId === me?.id ? 'leave' : 'removeWho', {
                        who: member.email ?? member.userId,
                      })}
                      onClick={() => setDialog({ kind: 'remove', member })}
                    >
                      {t(member.userId === me?.id ? 'leave' : 'remove')}
                    </Button>
                  )}
                </>
              ),
            },
          ]}
        />
      </Ready>
      {(canEdit || here.standing.role === 'platform') && <Invitations eventsOf={eventsOf} />}
      {here.may('editSettings') && (
        <Part id="security" title={t('security')}>
          <SecondFactor />
        </Part>
      )}
      {dialog?.kind === 'invite' && <MemberDialog events={stock.events} onClose={close} />}
      {dialog?.kind === 'edit' && (
        <MemberDialog member={dialog.member} events={stock.events} onClose={close} />
      )}
      {dialog?.kind === 'remove' && (
        <RemoveDialog member={dialog.member} isMe={dialog.member.userId === me?.id} onClose={close} />
      )}
    </>
  )
}
