import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link, Outlet } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Icon, type IconName } from '../../ui/Icon'
import { ErrorState, Loading, Notice, Skeleton } from '../../ui/State'
import { type Action, may } from '../access'
import { lookInto, lookReason } from '../look'
import { tenantsQuery } from '../platform/queries'
import { organizersQuery } from '../queries'
import { type Here, OrganizerContext } from './context'
import styles from './Frame.module.css'
import { LookDialog } from './LookDialog'
import { useCurrentInView } from './useCurrentInView'

const route = getRouteApi('/organizer/$org')

/** What is around each page of one organizer: whose it is, and the ways through it. */
export function OrganizerFrame() {
  const { org } = route.useParams()
  const organizers = useQuery(organizersQuery)
  const [, looked] = useState(0)
  const tenants = useQuery({ ...tenantsQuery, enabled: lookReason(org) !== undefined })
  if (organizers.isPending)
    return (
      <div className={styles.wait}>
        <Loading>
          <Skeleton lines={4} block="4rem" />
        </Loading>
      </div>
    )
  if (organizers.isError && !organizers.data)
    return <ErrorState isPage error={organizers.error} onRetry={() => organizers.refetch()} />
  const own = organizers.data.find(({ id }) => id === org)
  if (own) {
    const standing = { role: own.role as Here['standing']['role'], events: own.events }
    return (
      <Frame
        key={org}
        here={{ id: org, name: own.name, suspended: own.suspended, standing }}
        others={organizers.data.length > 1}
      />
    )
  }
  const tenant = tenants.data?.find(({ id }) => id === org)
  if (!lookReason(org))
    return (
      <LookDialog
        org={org}
        onReason={(reason) => {
          lookInto(org, reason)
          looked((count) => count + 1)
        }}
      />
    )
  return (
    <Frame
      key={org}
      here={{
        id: org,
        name: tenant?.name ?? org,
        suspended: Boolean(tenant?.suspendedAt),
        standing: { role: 'platform' },
      }}
      others
    />
  )
}

type Item = { to: string; label: string; icon: IconName; needs?: Action; exact?: boolean }

const ITEMS: readonly Item[] = [
  { to: '/organizer/$org', label: 'nav.overview', icon: 'sun', exact: true },
  { to: '/organizer/$org/events', label: 'nav.events', icon: 'calendar', needs: 'seeEvents' },
  { to: '/organizer/$org/orders', label: 'nav.orders', icon: 'ticket', needs: 'seeOrders' },
  { to: '/organizer/$org/venues', label: 'nav.venues', icon: 'place', needs: 'seeVenues' },
  { to: '/organizer/$org/staff', label: 'nav.staff', icon: 'person', needs: 'seeStaff' },
  { to: '/organizer/$org/programs', label: 'nav.programs', icon: 'key', needs: 'seePrograms' },
  { to: '/organizer/$org/contracts', label: 'nav.contracts', icon: 'print', needs: 'seeContracts' },
  { to: '/organizer/$org/audit', label: 'nav.audit', icon: 'clock', needs: 'seeAudit' },
]

function Frame({ here, others }: { here: Here; others: boolean }) {
  const { t } = useTranslation('organizer')
  const bar = useCurrentInView()
  const shown = ITEMS.filter(({ needs }) => !needs || may(here.standing, needs))
  return (
    <OrganizerContext value={here}>
      <div className={styles.frame}>
        <aside className={styles.side}>
          <div className={styles.who}>
            <p className={styles.name}>{here.name}</p>
            <p className={styles.role}>{t(`role.${here.standing.role}`)}</p>
          </div>
          <nav ref={bar} aria-label={t('nav.label')} className={styles.nav}>
            {shown.map(({ to, label, icon, exact }) => (
              <Link
                key={to}
                to={to}
                params={{ org: here.id }}
                activeOptions={{ exact: exact ?? false }}
                className={styles.link}
              >
                <Icon name={icon} size={18} />
                {t(label)}
              </Link>
            ))}
            {may(here.standing, 'scan') && (
              <Link to="/door" className={styles.link}>
                <Icon name="device" size={18} />
                {t('nav.door')}
              </Link>
            )}
            {others && (
              <Link to="/organizer" activeOptions={{ exact: true }} className={styles.link}>
                <Icon name="back" size={18} />
                {t('nav.others')}
              </Link>
            )}
          </nav>
        </aside>
        <div className={styles.page}>
          {here.suspended && <Notice tone="warn">{t('suspended')}</Notice>}
          <Outlet />
        </div>
      </div>
    </OrganizerContext>
  )
}
