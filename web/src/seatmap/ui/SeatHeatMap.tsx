import '../map.css'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import type { EventPage } from '../../api/types'
import { useLocale } from '../../i18n'
import { useTheme } from '../../theme/theme'
import { ErrorState, Loading, Skeleton } from '../../ui/State'
import { countsOf, heatOfAll, shareTaken } from '../engine/heat'
import { useAnnouncer } from './Announcer'
import { type T, useDescriber } from './describe'
import { MapStage } from './MapStage'
import styles from './SeatHeatMap.module.css'
import type { Choice } from './useChoice'
import { type LiveMap, useOccupancy, useSeatMap } from './useSeatMap'

const STEPS = [0, 1, 2, 3, 4] as const
const NOBODY: Choice = { picked: new Set(), mine: new Set(), hints: [], toggle: () => {}, changes: 0 }

/** How full each section is as it sells: for who watches a sale. As a map, and as a table of the same numbers. */
export function SeatHeatMap({
  event,
  onEventStatus,
}: {
  event: EventPage
  onEventStatus?: (status: string) => void
}) {
  const { map, error, retry } = useSeatMap(event.id, { onEventStatus })
  if (error) return <ErrorState error={error} onRetry={retry} />
  if (!map)
    return (
      <Loading>
        <Skeleton block="24rem" />
      </Loading>
    )
  return <Loaded key={map.plan.version} event={event} map={map} />
}

function Loaded({ event, map }: { event: EventPage; map: LiveMap }) {
  const { t } = useTranslation('seatmap')
  const locale = useLocale()
  const theme = useTheme()
  const { announce, element: announcer } = useAnnouncer()
  const changes = useOccupancy(map.occupancy)
  const { plan, occupancy } = map
  const describer = useDescriber(plan, event, t as T, locale)
  // Another array each time seats change: what is drawn is told by it.
  const heat = useMemo(() => heatOfAll(plan, occupancy.counts, occupancy.areas), [plan, occupancy, changes])
  const title = t('heat.title', { event: event.name })
  return (
    <div className={styles.frame}>
      <div className={styles.map}>
        <MapStage
          {...{ map, describer, theme, announce, heat, title }}
          t={t as T}
          choice={NOBODY}
          matching={undefined}
          levelsIn={undefined}
          goal={undefined}
          onArea={() => {}}
        />
      </div>
      <ul className={styles.key} aria-label={t('heat.key')}>
        {STEPS.map((step) => (
          <li
            key={step}
            style={{ background: `var(--map-heat-${step + 1})`, color: `var(--map-on-heat-${step + 1})` }}
          >
            {describer.percent(step / STEPS.length)}
          </li>
        ))}
      </ul>
      <details className={styles.details}>
        <summary>{t('heat.table')}</summary>
        <table>
          <thead>
            <tr>
              <th scope="col">{t('heat.section')}</th>
              {(['sold', 'held', 'free', 'blocked'] as const).map((state) => (
                <th key={state} scope="col">
                  {t(`heat.${state}`)}
                </th>
              ))}
              <th scope="col">{t('heat.key')}</th>
            </tr>
          </thead>
          <tbody>
            {plan.sections.map((section, at) => {
              const counts = countsOf(occupancy.counts, at)
              return (
                <tr key={section.id}>
                  <th scope="row">{section.name}</th>
                  <td>{describer.count(counts.sold)}</td>
                  <td>{describer.count(counts.held)}</td>
                  <td>{describer.count(counts.available)}</td>
                  <td>{describer.count(counts.blocked)}</td>
                  <td>{describer.percent(shareTaken(counts))}</td>
                </tr>
              )
            })}
          </tbody>
        </table>
      </details>
      {announcer}
    </div>
  )
}
