import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { api, ok } from '../../api/client'
import { useProblemMessage } from '../../i18n/problem'
import { Button } from '../../ui/Button'
import { toast } from '../../ui/Toast'
import { Part } from '../kit/Head'
import kit from '../kit/kit.module.css'
import { Ready } from '../kit/List'
import { Tag } from '../kit/Status'
import { Table } from '../kit/Table'
import { clientsQuery } from './queries'

/** Programs that want to act for fans of every organizer. */
export function Approvals() {
  const { t } = useTranslation('organizerPlatform')
  const client = useQueryClient()
  const message = useProblemMessage()
  const clients = useQuery(clientsQuery)
  const act = useMutation({
    mutationFn: ({ id, approve }: { id: string; approve: boolean }) => {
      const options = { params: { path: { client: id } } }
      return ok(
        approve
          ? api.PUT('/api/v1/platform/clients/{client}/approval', options)
          : api.DELETE('/api/v1/platform/clients/{client}/approval', options),
      )
    },
    onSuccess: () => client.invalidateQueries({ queryKey: clientsQuery.queryKey }),
    onError: (error) => toast(message(error), { tone: 'bad' }),
  })
  return (
    <Part id="approvals" title={t('programs')} note={t('programsNote')}>
      <Ready query={clients} lines={1}>
        {clients.data?.length === 0 && <p>{t('noPrograms')}</p>}
        {clients.data && clients.data.length > 0 && (
          <Table
            caption={t('programs')}
            rows={clients.data}
            rowKey={(one) => one.client.id}
            columns={[
              { key: 'name', head: t('column.name'), heading: true, cell: (one) => one.client.name },
              { key: 'organizer', head: t('column.organizer'), cell: (one) => one.organizer },
              {
                key: 'scopes',
                head: t('column.scopes'),
                cell: (one) => <span className={kit.code}>{one.client.scopes.join(' ')}</span>,
              },
              {
                key: 'state',
                head: t('column.state'),
                cell: (one) => (
                  <Tag tone={one.client.approvedAt ? 'good' : 'warn'}>
                    {t(one.client.approvedAt ? 'approved' : 'waits')}
                  </Tag>
                ),
              },
              {
                key: 'do',
                head: <span className="visually-hidden">{t('column.do')}</span>,
                cell: (one) => (
                  <Button
                    size="s"
                    variant="quiet"
                    onClick={() => act.mutate({ id: one.client.id, approve: !one.client.approvedAt })}
                  >
                    {t(one.client.approvedAt ? 'withdraw' : 'approve')}
                  </Button>
                ),
              },
            ]}
          />
        )}
      </Ready>
    </Part>
  )
}
