import { useMutation } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { api, ok } from '../../api/client'
import { useOrganizer } from '../frame/context'
import { Confirm } from '../kit/Confirm'

export type Ended = { kind: 'key' | 'client'; id: string; name: string; isPublic?: boolean }

export function EndDialog({
  what,
  onDone,
  onClose,
}: {
  what: Ended
  onDone: () => void
  onClose: () => void
}) {
  const { t } = useTranslation('organizerStaff')
  const here = useOrganizer()
  const end = useMutation({
    mutationFn: () =>
      what.kind === 'key'
        ? ok(
            api.DELETE('/api/v1/organizers/{org}/api-keys/{key}', {
              params: { path: { org: here.id, key: what.id } },
            }),
          )
        : ok(
            api.DELETE('/api/v1/organizers/{org}/clients/{client}', {
              params: { path: { org: here.id, client: what.id } },
            }),
          ),
    onSuccess: onDone,
  })
  return (
    <Confirm
      title={t('programs.endWhat', { name: what.name })}
      text={t(`programs.endText.${what.kind}`)}
      doIt={t('programs.end')}
      action={end}
      onClose={onClose}
    />
  )
}
