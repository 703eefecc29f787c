import { useQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { Page, usePageTitle } from '../../ui/Page'
import { ErrorState } from '../../ui/State'
import { geometryQuery, venueQuery, versionsQuery } from '../data'
import type { SeatMapWire } from '../model/types'
import { Opening, Workbench } from './Workbench'

/** Fetches what the editor begins with: a version of the map, or nothing. */
export function EditorPage() {
  const { t } = useTranslation('editor')
  const { org, venue, map } = useParams({ from: '/organizer/$org/venues/$venue/seat-maps/$map' })
  usePageTitle(t(map === 'new' ? 'titleNew' : 'title'))
  const isNew = map === 'new'
  const place = useQuery(venueQuery(venue))
  const versions = useQuery(versionsQuery(org, venue))
  const geometry = useQuery({ ...geometryQuery(org, venue, map), enabled: !isNew })
  // What was fetched before stays good when fetching it again fails: the drawing must not go with it.
  const failed = [place, versions, geometry].filter(({ isError, data }) => isError && !data)
  if (failed[0]) {
    return (
      <Page>
        <h1 className="visually-hidden">{t('title')}</h1>
        <ErrorState
          error={failed[0].error}
          onRetry={() => void Promise.all(failed.map(({ refetch }) => refetch()))}
        />
      </Page>
    )
  }
  const isReady = place.data && versions.data && (isNew || geometry.data)
  if (!isReady) return <Opening />
  const version = versions.data.find(({ id }) => id === map)
  const base = geometry.data && !isNew ? { version: version?.version ?? 0, map: geometry.data } : undefined
  return <Workbench key={`${org} ${venue} ${map}`} org={org} venue={place.data} map={map} base={base} />
}

export type Base = { version: number; map: SeatMapWire }
