import { type KeyboardEvent, useEffect, useRef, useState } from 'react'
import { Button } from '../../ui/Button'
import { Icon } from '../../ui/Icon'
import type { Found } from '../engine/find'
import { sectionOf } from '../engine/plan'
import { frontSeat, nextSeat } from '../engine/walk'
import type { Describer, T } from './describe'
import { SeatGrid } from './SeatGrid'
import styles from './SeatList.module.css'
import type { Choice } from './useChoice'
import type { LiveMap } from './useSeatMap'

type Props = {
  map: LiveMap
  describer: Describer
  t: T
  choice: Choice
  matching: Uint8Array | undefined
  announce: (text: string) => void
  onArea: ((area: string) => void) | undefined
  /** Where to go, as from a search; another object each time. */
  goal: Found | undefined
}

/** All seats in words: sections first, then the rows and seats of one. */
export function SeatList({ map, describer, t, choice, matching, announce, onArea, goal }: Props) {
  const { plan, occupancy } = map
  const [open, setOpen] = useState<{ section: number; seat: number; isEntered: boolean }>()
  const [active, setActive] = useState(0)
  const sections = useRef<HTMLUListElement>(null)
  const returning = useRef(false)
  const isWanted = (seat: number) =>
    occupancy.seats[seat] === 0 && (matching === undefined || matching[seat] === 1)

  const enter = (section: number, seat?: number) => {
    const { seatStart, rowStart, rowEnd } = plan.sections[section]!
    setActive(section)
    setOpen({ section, seat: seat ?? frontSeat(plan, section, isWanted) ?? seatStart, isEntered: true })
    if (seat === undefined)
      announce(t('said.opened', { section: describer.section(section), rows: rowEnd - rowStart }))
  }
  const leave = () => {
    returning.current = true
    setOpen(undefined)
  }
  const next = (from: number) => {
    const seat = nextSeat(plan, from, isWanted)
    if (seat === undefined) announce(t('said.noneFree'))
    else enter(sectionOf(plan, seat), seat)
  }

  // Whoever goes back stands where they went in.
  useEffect(() => {
    if (open || !returning.current) return
    returning.current = false
    sections.current?.querySelector<HTMLElement>(`[data-section="${active}"]`)?.focus()
  }, [open, active])

  const entering = useRef(enter)
  entering.current = enter
  useEffect(() => {
    if (!goal) return
    const row = goal.row === undefined ? undefined : plan.rowStart[goal.row]
    entering.current(goal.section, goal.seat ?? row)
  }, [goal, plan])

  const shown = plan.sections
    .map((_, at) => at)
    .filter((at) => plan.sections[at]!.seatEnd > plan.sections[at]!.seatStart)
  const onKey = (event: KeyboardEvent) => {
    const at = shown.indexOf(active)
    const to = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      Home: 0,
      End: shown.length - 1,
      PageDown: at + 8,
      PageUp: at - 8,
    }[event.key]
    if (to === undefined) return
    event.preventDefault()
    const section = shown[Math.min(shown.length - 1, Math.max(0, to))]!
    setActive(section)
    sections.current?.querySelector<HTMLElement>(`[data-section="${section}"]`)?.focus()
  }

  if (open) {
    return (
      <div className={styles.list}>
        <div className={styles.head}>
          <Button variant="quiet" size="s" onClick={leave}>
            <Icon name="back" size={18} />
            {t('list.back')}
          </Button>
          <Button size="s" onClick={() => next(open.seat)}>
            {t('nextFree')}
          </Button>
        </div>
        <h3 className={styles.title}>{describer.section(open.section)}</h3>
        <SeatGrid
          key={open.section}
          {...{ map, describer, t, choice, matching }}
          section={open.section}
          seat={open.seat}
          isEntered={open.isEntered}
          onSeat={(seat) => setOpen({ section: open.section, seat, isEntered: false })}
          onNext={next}
          onLeave={leave}
        />
      </div>
    )
  }
  const first = shown.includes(active) ? active : shown[0]
  return (
    <div className={styles.list}>
      <div className={styles.scroll}>
        {plan.areas.length > 0 && (
          <>
            <h3 className={styles.title}>{t('list.standing')}</h3>
            <ul>
              {plan.areas.map((area) => {
                const left = occupancy.areas.get(area.id) ?? area.capacity
                const level = plan.levels.findIndex(({ key }) => key === area.level)
                return (
                  <li key={area.id}>
                    <button
                      type="button"
                      className={styles.section}
                      disabled={!onArea || left === 0}
                      onClick={() => onArea?.(area.id)}
                    >
                      <span className={styles.name}>{area.name}</span>
                      <span className={styles.free}>
                        {left === 0 ? t('section.none') : t('area.left', { count: left })}
                      </span>
                      <span className={styles.price}>{describer.levelPrice(level)}</span>
                    </button>
                  </li>
                )
              })}
            </ul>
          </>
        )}
        {shown.length > 0 && (
          <div className={styles.head}>
            <h3 className={styles.title} id="seatmap-sections">
              {t('list.sections')}
            </h3>
            <Button size="s" onClick={() => next(-1)}>
              {t('nextFree')}
            </Button>
          </div>
        )}
        <ul ref={sections} aria-labelledby="seatmap-sections" onKeyDown={onKey}>
          {shown.map((section) => (
            <SectionEntry
              key={section}
              {...{ map, describer, t, section }}
              tabIndex={section === first ? 0 : -1}
              onOpen={() => enter(section)}
              onFocus={() => setActive(section)}
            />
          ))}
        </ul>
        {shown.length === 0 && plan.areas.length === 0 && <p>{t('list.empty')}</p>}
      </div>
    </div>
  )
}

type EntryProps = Pick<Props, 'map' | 'describer' | 't'> & {
  section: number
  tabIndex: number
  onOpen: () => void
  onFocus: () => void
}

function SectionEntry({
  map: { plan, occupancy },
  describer,
  t,
  section,
  tabIndex,
  onOpen,
  onFocus,
}: EntryProps) {
  const { seatStart, seatEnd } = plan.sections[section]!
  const total = seatEnd - seatStart
  const free = occupancy.counts[section * 4]!
  const level = plan.sections[section]!.level
  return (
    <li>
      <button
        type="button"
        className={styles.section}
        data-section={section}
        data-full={free === 0 || undefined}
        tabIndex={tabIndex}
        onClick={onOpen}
        onFocus={onFocus}
      >
        <span className={styles.name}>{describer.section(section)}</span>
        <span className={styles.free}>
          {free === 0 ? t('section.none') : t('section.free', { count: free, total })}
        </span>
        {free > 0 && (
          <span className={styles.price}>{t('section.from', { price: describer.cheapest(section) })}</span>
        )}
        <span
          className={styles.meter}
          aria-hidden="true"
          style={
            {
              '--share': free / total,
              '--level': `var(--map-level-${(describer.order[level]! % 6) + 1})`,
            } as React.CSSProperties
          }
        />
      </button>
    </li>
  )
}
