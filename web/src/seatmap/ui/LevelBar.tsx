import { BLOCKED } from '../../live'
import type { Filter } from '../engine/filter'
import { ACCESSIBLE, COMPANION, RESTRICTED } from '../engine/plan'
import type { Describer, T } from './describe'
import styles from './LevelBar.module.css'
import { SeatGlyph } from './SeatGlyph'
import type { LiveMap } from './useSeatMap'

type Props = { map: LiveMap; describer: Describer; t: T; filter: Filter; onFilter: (filter: Filter) => void }

/** The levels with their colours and prices: what the map's colours mean, and which of them to show. */
export function LevelBar({ map, describer, t, filter, onFilter }: Props) {
  const { plan } = map
  const shown = plan.levels
    .map((_, level) => level)
    .filter((level) => describer.prices[level] !== undefined)
    .sort((one, other) => describer.order[one]! - describer.order[other]!)
  const toggle = (level: number) => {
    const levels = new Set(filter.levels)
    if (!levels.delete(level)) levels.add(level)
    onFilter({ ...filter, levels })
  }
  const has = hasOf(map)
  return (
    <fieldset className={styles.bar}>
      <legend className="visually-hidden">{t('filter.title')}</legend>
      {shown.map((level) => (
        <button
          key={level}
          type="button"
          className={styles.chip}
          aria-pressed={filter.levels.has(level)}
          onClick={() => toggle(level)}
        >
          <SeatGlyph
            state="available"
            color={`var(--map-level-${(describer.order[level]! % 6) + 1})`}
            size={14}
          />
          <span>{describer.levelNames[level]}</span>
          <strong>{describer.levelPrice(level)}</strong>
        </button>
      ))}
      {has.accessible && (
        <button
          type="button"
          className={styles.chip}
          aria-pressed={filter.accessibleOnly}
          onClick={() => onFilter({ ...filter, accessibleOnly: !filter.accessibleOnly })}
        >
          <SeatGlyph state="available" note="accessible" size={14} />
          {t('filter.accessible')}
        </button>
      )}
      {has.restricted && (
        <button
          type="button"
          className={styles.chip}
          aria-pressed={filter.hidesRestricted}
          onClick={() => onFilter({ ...filter, hidesRestricted: !filter.hidesRestricted })}
        >
          <SeatGlyph state="available" note="restricted" size={14} />
          {t('filter.noRestricted')}
        </button>
      )}
    </fieldset>
  )
}

/** What the marks mean: forms before colours. */
export function MarkKey({ map, t, hasMine }: { map: LiveMap; t: T; hasMine: boolean }) {
  const has = hasOf(map)
  const hasBlocked = map.occupancy.counts.some((count, at) => at % 4 === BLOCKED && count > 0)
  return (
    <ul className={styles.key} aria-label={t('key')}>
      <Entry state="available" text={t('status.available')} />
      <Entry state="picked" text={t('status.picked')} />
      {hasMine && <Entry state="mine" text={t('status.mine')} />}
      <Entry state="held" text={t('status.held')} />
      <Entry state="sold" text={t('status.sold')} />
      {hasBlocked && <Entry state="blocked" text={t('status.blocked')} />}
      {has.accessible && <Entry state="available" note="accessible" text={t('note.accessible')} />}
      {has.companion && <Entry state="available" note="companion" text={t('note.companion')} />}
      {has.restricted && <Entry state="available" note="restricted" text={t('note.restricted')} />}
    </ul>
  )
}

type EntryProps = Pick<Parameters<typeof SeatGlyph>[0], 'state' | 'note'> & { text: string }

function Entry({ state, note, text }: EntryProps) {
  return (
    <li>
      <SeatGlyph state={state} note={note} size={14} />
      {text}
    </li>
  )
}

const known = new WeakMap<object, { accessible: boolean; companion: boolean; restricted: boolean }>()

/** Which kinds of seats a map has at all. */
function hasOf({ plan }: LiveMap) {
  let has = known.get(plan)
  if (!has) {
    let all = 0
    for (const flags of plan.flags) all |= flags
    has = {
      accessible: (all & ACCESSIBLE) !== 0,
      companion: (all & COMPANION) !== 0,
      restricted: (all & RESTRICTED) !== 0,
    }
    known.set(plan, has)
  }
  return has
}
