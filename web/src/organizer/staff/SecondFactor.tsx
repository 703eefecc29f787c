import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { api, ok } from '../../api/client'
import { useMe } from '../../api/me'
import { Checkbox } from '../../ui/Field'
import { Notice } from '../../ui/State'
import { toast } from '../../ui/Toast'
import { useOrganizer } from '../frame/context'
import kit from '../kit/kit.module.css'
import { useRefusal } from '../kit/refusal'
import { organizersQuery } from '../queries'

const NONE = {}

/** Whether those who run things need a second factor. */
export function SecondFactor() {
  const { t } = useTranslation('organizerStaff')
  const here = useOrganizer()
  const { me } = useMe()
  const client = useQueryClient()
  const organizers = useQuery(organizersQuery)
  const isNeeded = organizers.data?.find(({ id }) => id === here.id)?.membersNeedSecondFactor ?? false
  const save = useMutation({
    mutationFn: (membersNeedSecondFactor: boolean) =>
      ok(
        api.PATCH('/api/v1/organizers/{org}', {
          params: { path: { org: here.id } },
          body: { membersNeedSecondFactor },
        }),
      ),
    onSuccess: async () => {
      toast(t('common:state.saved'), { tone: 'good' })
      await client.invalidateQueries({ queryKey: organizersQuery.queryKey })
    },
  })
  const refusal = useRefusal(NONE, save.error)
  return (
    <div className={kit.stack}>
      <Checkbox
        label={t('needFactor')}
        hint={t('needFactorHint')}
        checked={save.isPending ? save.variables : isNeeded}
        disabled={save.isPending}
        onChange={(event) => save.mutate(event.target.checked)}
      />
      {!isNeeded && me && !me.secondFactor && (
        <Notice tone="warn">
          {t('ownFactor')} <Link to="/account">{t('toAccount')}</Link>
        </Notice>
      )}
      {refusal.rest()}
    </div>
  )
}
