import '../map.css'
import { useCallback, useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { EventPage } from '../../api/types'
import { useLocale } from '../../i18n'
import { useTheme } from '../../theme/theme'
import { ErrorState } from '../../ui/State'
import { levelsPassing, matching, NO_FILTER } from '../engine/filter'
import type { Found } from '../engine/find'
import type { Target } from '../engine/overlay'
import { useAnnouncer } from './Announcer'
import { type T, useDescriber } from './describe'
import { Finder } from './Finder'
import { LevelBar, MarkKey } from './LevelBar'
import { MapStage } from './MapStage'
import { PriceLimit } from './PriceLimit'
import { SeatList } from './SeatList'
import styles from './SeatMap.module.css'
import { type Purchase, Tray } from './Tray'
import { useChoice } from './useChoice'
import { type LiveMap, useSeatMap } from './useSeatMap'

export interface SeatMapProps {
  readonly event: EventPage
  /** Ids as the seat map gives them: `section-row-seat`. */
  readonly selected: readonly string[]
  readonly onSelect: (seats: readonly string[]) => void
  /** Seats that may be picked; the event's own limit unless given. */
  readonly max?: number
  /** Seats that the viewer holds already. */
  readonly mine?: readonly string[]
  /** A hold of what is picked is being placed: until it is, seats that turn held may be the viewer's own. */
  readonly isHolding?: boolean
  /** Somebody wants places in a standing area. */
  readonly onArea?: (area: string) => void
  readonly onHoldExpiring?: (hold: string, secondsLeft: number) => void
  readonly onEventStatus?: (status: string) => void
  /** Only to look at: nothing can be picked. */
  readonly readOnly?: boolean
  /** What may be done with what is picked; without it the choice is only shown. */
  readonly purchase?: Purchase
}

/**
 * Every seat of an event as it is now, as a map and as a list, to pick from either. Belongs below a heading of
 * the second level.
 */
export function SeatMap(props: SeatMapProps) {
  const { onHoldExpiring, onEventStatus } = props
  const { t } = useTranslation('seatmap')
  const { map, error, freshness, retry } = useSeatMap(props.event.id, { onHoldExpiring, onEventStatus })
  if (error) return <ErrorState error={error} onRetry={retry} />
  if (!map) {
    return (
      <div className={styles.frame} aria-busy="true">
        <div className={styles.waiting}>
          <span className={styles.arcs} aria-hidden="true" />
          <p role="status">{t('loading')}</p>
        </div>
      </div>
    )
  }
  return <Loaded key={map.plan.version} {...props} map={map} freshness={freshness} />
}

type LoadedProps = SeatMapProps & { map: LiveMap; freshness: ReturnType<typeof useSeatMap>['freshness'] }

const NOTHING: readonly string[] = []

function Loaded({
  map,
  freshness,
  event,
  selected,
  onSelect,
  max,
  mine = NOTHING,
  isHolding = false,
  onArea,
  readOnly = false,
  purchase,
}: LoadedProps) {
  const { t } = useTranslation('seatmap')
  const locale = useLocale()
  const theme = useTheme()
  const { announce, element: announcer } = useAnnouncer()
  const [mode, setMode] = useState<'map' | 'list'>('map')
  const [filter, setFilter] = useState(NO_FILTER)
  const [found, setFound] = useState<Found>()
  const { plan } = map
  const describer = useDescriber(plan, event, t as T, locale)
  const most = Math.min(max ?? Infinity, event.holdRules.seatsPerHoldMax)
  const choice = useChoice({
    ...{ map, describer, selected, onSelect, mine, isHolding, readOnly, announce },
    t: t as T,
    max: most,
    startsAt: event.startsAt,
    orphanPolicy: event.holdRules.orphanPolicy,
    accessibleRelease: event.holdRules.accessibleRelease,
  })
  const amounts = useMemo(() => describer.prices.map((price) => price?.amount), [describer])
  const passing = useMemo(() => matching(plan, filter, amounts), [plan, filter, amounts])
  const levelsIn = useMemo(
    () => (passing ? levelsPassing(plan, filter, amounts) : undefined),
    [passing, plan, filter, amounts],
  )
  const goal = useMemo((): Target | undefined => {
    if (!found) return undefined
    const seat = found.seat ?? (found.row === undefined ? undefined : plan.rowStart[found.row])
    return seat === undefined ? { section: found.section } : { seat }
  }, [found, plan])
  const onMapArea = useCallback(
    (area: number) => {
      const { id, name, capacity } = plan.areas[area]!
      announce(t('area.summary', { area: name, count: map.occupancy.areas.get(id) ?? capacity }))
      onArea?.(id)
    },
    [plan, map, onArea, announce, t],
  )

  return (
    <div>
      <div className={styles.frame}>
        <div className={styles.top}>
          <fieldset className={styles.modes}>
            <legend className="visually-hidden">{t('view')}</legend>
            {(['map', 'list'] as const).map((one) => (
              <button key={one} type="button" aria-pressed={mode === one} onClick={() => setMode(one)}>
                {t(one === 'map' ? 'asMap' : 'asList')}
              </button>
            ))}
          </fieldset>
          {plan.seatCount > 0 && <Finder map={map} describer={describer} t={t as T} onFound={setFound} />}
          <PriceLimit describer={describer} t={t as T} filter={filter} onFilter={setFilter} />
        </div>
        <div className={styles.filters}>
          <LevelBar map={map} describer={describer} t={t as T} filter={filter} onFilter={setFilter} />
        </div>
        <div className={styles.main}>
          {mode === 'map' ? (
            <MapStage
              {...{ map, describer, theme, choice, levelsIn, announce, goal }}
              t={t as T}
              matching={passing}
              title={t('mapTitle', { event: event.name })}
              onArea={onMapArea}
            />
          ) : (
            <SeatList
              {...{ map, describer, choice, announce, onArea }}
              t={t as T}
              matching={passing}
              goal={found}
            />
          )}
        </div>
        <div className={styles.foot}>
          <p className={styles.live} data-freshness={freshness} role="status">
            {t(`live.${freshness}`)}
          </p>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: on a phone it scrolls sideways, which keys must reach */}
          <section className={styles.key} tabIndex={0} aria-label={t('key')}>
            <MarkKey map={map} t={t as T} hasMine={mine.length > 0} />
          </section>
        </div>
      </div>
      <Tray {...{ map, event, describer, choice, purchase }} t={t as T} max={most} />
      {announcer}
    </div>
  )
}
