import { useQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Page, usePageTitle } from '../../ui/Page'
import { ErrorState, Loading, Skeleton } from '../../ui/State'
import { geometryQuery, venueQuery, versionsQuery } from '../data'
import { type Draft, draftKey } from '../draft'
import type { SeatMapWire } from '../model/types'
import { kept } from '../shelf'
import { Workbench } from './Workbench'

/** Fetches what the editor begins with: a version of the map or nothing, and the draft that was left behind. */
export function EditorPage() {
  const { t } = useTranslation('editor')
  const { org, venue, map } = useParams({ from: '/organizer/$org/venues/$venue/seat-maps/$map' })
  usePageTitle(t(map === 'new' ? 'titleNew' : 'title'))
  const isNew = map === 'new'
  const place = useQuery(venueQuery(venue))
  const versions = useQuery(versionsQuery(org, venue))
  const geometry = useQuery({ ...geometryQuery(org, venue, map), enabled: !isNew })
  const draft = useDraft(org, venue, map)
  const failed = [place, versions, geometry].filter(({ isError }) => isError)
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
  const isReady = place.data && versions.data && (isNew || geometry.data) && draft !== 'looking'
  if (!isReady) {
    return (
      <Page>
        <Loading>
          <Skeleton block="70vh" />
        </Loading>
      </Page>
    )
  }
  const version = versions.data.find(({ id }) => id === map)
  const base = geometry.data && !isNew ? { version: version?.version ?? 0, map: geometry.data } : undefined
  return (
    <Workbench
      key={`${org} ${venue} ${map}`}
      org={org}
      venue={place.data}
      map={map}
      base={base}
      draft={draft}
    />
  )
}

export type Base = { version: number; map: SeatMapWire }

/** What was drawn here before and not saved as a version. */
function useDraft(org: string, venue: string, map: string): Draft | undefined | 'looking' {
  const [found, setFound] = useState<{ key: string; draft: Draft | undefined }>()
  const key = draftKey(org, venue, map)
  useEffect(() => {
    let isOver = false
    void kept<Draft>(key).then((draft) => {
      if (!isOver) setFound({ key, draft })
    })
    return () => {
      isOver = true
    }
  }, [key])
  return found?.key === key ? found.draft : 'looking'
}
