import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { isProblem } from '../../api/problem'
import { useLocale } from '../../i18n'
import { formatTime } from '../../lib/time'
import { Button } from '../../ui/Button'
import { Page } from '../../ui/Page'
import { EmptyState } from '../../ui/State'
import { Head, Part } from '../kit/Head'
import { Ready } from '../kit/List'
import { Tag } from '../kit/Status'
import { Table } from '../kit/Table'
import type { Tenant } from '../types'
import { Approvals } from './Approvals'
import { Checks } from './Checks'
import { tenantsQuery } from './queries'
import { SuspendDialog } from './SuspendDialog'

/** For staff of the platform: tenants, programs that wait for approval, identity checks. */
export function PlatformPage() {
  const { t } = useTranslation('organizerPlatform')
  const tenants = useQuery(tenantsQuery)
  if (isProblem(tenants.error, 'not_allowed', 'not_found'))
    return <EmptyState isPage icon="key" title={t('notStaff')} />
  return (
    <Page>
      <Head title={t('title')} over={<Link to="/organizer">{t('organizer:nav.others')}</Link>}>
        {t('lead')}
      </Head>
      <Ready query={tenants}>{tenants.data && <Tenants tenants={tenants.data} />}</Ready>
      {tenants.data && (
        <>
          <Checks />
          <Approvals />
        </>
      )}
    </Page>
  )
}

function Tenants({ tenants }: { tenants: readonly Tenant[] }) {
  const { t } = useTranslation('organizerPlatform')
  const locale = useLocale()
  const [changing, setChanging] = useState<Tenant>()
  return (
    <Part id="tenants" title={t('tenants')}>
      <Table
        caption={t('tenants')}
        rows={tenants}
        rowKey={(tenant) => tenant.id}
        columns={[
          {
            key: 'name',
            head: t('column.name'),
            heading: true,
            cell: (tenant) => (
              <Link to="/organizer/$org" params={{ org: tenant.id }}>
                {tenant.name}
              </Link>
            ),
          },
          {
            key: 'since',
            head: t('column.since'),
            cell: (tenant) => formatTime(tenant.createdAt, locale, 'day'),
          },
          {
            key: 'state',
            head: t('column.state'),
            cell: (tenant) => (
              <Tag tone={tenant.suspendedAt ? 'bad' : 'good'}>
                {t(tenant.suspendedAt ? 'suspended' : 'active')}
              </Tag>
            ),
          },
          {
            key: 'do',
            head: <span className="visually-hidden">{t('column.do')}</span>,
            cell: (tenant) => (
              <Button
                size="s"
                variant="quiet"
                aria-label={t(tenant.suspendedAt ? 'reinstateWho' : 'suspendWho', { name: tenant.name })}
                onClick={() => setChanging(tenant)}
              >
                {t(tenant.suspendedAt ? 'reinstate' : 'suspend')}
              </Button>
            ),
          },
        ]}
      />
      {changing && <SuspendDialog tenant={changing} onClose={() => setChanging(undefined)} />}
    </Part>
  )
}
