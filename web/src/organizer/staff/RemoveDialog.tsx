import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { api, ok } from '../../api/client'
import { useOrganizer } from '../frame/context'
import { Confirm } from '../kit/Confirm'
import type { Member } from '../types'

/** Somebody goes; to leave oneself is the same. */
export function RemoveDialog({
  member,
  isMe,
  onClose,
}: {
  member: Member
  isMe: boolean
  onClose: () => void
}) {
  const { t } = useTranslation('organizerStaff')
  const here = useOrganizer()
  const client = useQueryClient()
  const navigate = useNavigate()
  const remove = useMutation({
    mutationFn: () =>
      ok(
        api.DELETE('/api/v1/organizers/{org}/members/{user}', {
          params: { path: { org: here.id, user: member.userId } },
        }),
      ),
    onSuccess: async () => {
      onClose()
      if (isMe) await navigate({ to: '/organizer' })
      await client.invalidateQueries({ queryKey: isMe ? ['me', 'organizers'] : ['me', 'org', here.id] })
    },
  })
  return (
    <Confirm
      title={t(isMe ? 'leaveTitle' : 'removeTitle')}
      text={t(isMe ? 'leaveText' : 'removeText', { who: member.email ?? member.userId })}
      doIt={t(isMe ? 'leave' : 'remove')}
      action={remove}
      onClose={onClose}
    />
  )
}
