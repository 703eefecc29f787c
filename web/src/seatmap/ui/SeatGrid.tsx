import { type KeyboardEvent, memo, useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from 'react'
import { ACCESSIBLE, COMPANION, JOINED, labelOf, RESTRICTED } from '../engine/plan'
import type { Describer, SeatState, T } from './describe'
import styles from './SeatGrid.module.css'
import type { Choice } from './useChoice'
import type { LiveMap } from './useSeatMap'

type Props = {
  map: LiveMap
  describer: Describer
  t: T
  choice: Choice
  matching: Uint8Array | undefined
  section: number
  /** The seat that the keys are on. */
  seat: number
  /** Somebody came here from elsewhere: the seat takes the focus. */
  isEntered: boolean
  onSeat: (seat: number) => void
  onNext: (from: number) => void
  onLeave: () => void
}

/** As in the style sheet, in pixels at the usual size of text. */
const CELL = 48
const HEADER = 36
const ROW_GAP = 12
const BEYOND = 400
const PAGE = 5

/**
 * The seats of a section as a grid: rows of seats, one of which the keys are on. Only rows near what is seen
 * are there, numbered as if all were.
 */
export function SeatGrid(props: Props) {
  const { map, describer, t, choice, section, seat, onSeat } = props
  const { plan, occupancy } = map
  const { rowStart, rowEnd } = plan.sections[section]!
  const scroller = useRef<HTMLDivElement>(null)
  const help = useId()
  const [view, setView] = useState({ top: 0, height: 600, width: 600 })
  const wantsFocus = useRef(props.isEntered)
  if (props.isEntered) wantsFocus.current = true

  const perLine = Math.max(1, Math.floor((view.width - 16) / CELL))
  const tops = useMemo(() => {
    const list = [0]
    for (let row = rowStart; row < rowEnd; row++) {
      const lines = Math.max(1, Math.ceil((plan.rowStart[row + 1]! - plan.rowStart[row]!) / perLine))
      list.push(list.at(-1)! + HEADER + lines * CELL + ROW_GAP)
    }
    return list
  }, [plan, rowStart, rowEnd, perLine])

  useEffect(() => {
    const element = scroller.current
    if (!element) return
    const measure = () =>
      setView({ top: element.scrollTop, height: element.clientHeight, width: element.clientWidth })
    const sizes = new ResizeObserver(measure)
    sizes.observe(element)
    element.addEventListener('scroll', measure, { passive: true })
    return () => {
      sizes.disconnect()
      element.removeEventListener('scroll', measure)
    }
  }, [])

  // A row that is not there yet is scrolled to first; then its seat takes the focus.
  useLayoutEffect(() => {
    const element = scroller.current
    if (!element || !wantsFocus.current) return
    // Who is already looking for another seat goes on typing.
    if (document.activeElement?.matches('[role=combobox][aria-expanded=true]')) {
      wantsFocus.current = false
      return
    }
    const at = plan.rowOf[seat]! - rowStart
    const [top, bottom] = [tops[at]!, tops[at + 1]!]
    if (top < element.scrollTop || bottom > element.scrollTop + element.clientHeight) {
      element.scrollTop = Math.max(0, (top + bottom - element.clientHeight) / 2)
    }
    const cell = element.querySelector<HTMLElement>(`[data-seat="${seat}"]`)
    if (!cell) return
    wantsFocus.current = false
    cell.focus({ preventScroll: true })
    cell.scrollIntoView({ block: 'nearest' })
  })

  const go = (to: number | undefined) => {
    if (to === undefined) return
    wantsFocus.current = true
    onSeat(to)
  }

  const onKey = (event: KeyboardEvent) => {
    if (event.altKey || event.metaKey) return
    const row = plan.rowOf[seat]!
    const [first, last] = [plan.rowStart[row]!, plan.rowStart[row + 1]! - 1]
    const isBackwards = document.documentElement.dir === 'rtl'
    const key = isBackwards
      ? ({ ArrowLeft: 'ArrowRight', ArrowRight: 'ArrowLeft' }[event.key] ?? event.key)
      : event.key
    const inRow = (to: number) => nearestIn(Math.min(rowEnd - 1, Math.max(rowStart, to)))
    if (key === 'ArrowRight') go(Math.min(last, seat + 1))
    else if (key === 'ArrowLeft') go(Math.max(first, seat - 1))
    else if (key === 'ArrowDown') go(inRow(row + 1))
    else if (key === 'ArrowUp') go(inRow(row - 1))
    else if (key === 'PageDown') go(inRow(row + PAGE))
    else if (key === 'PageUp') go(inRow(row - PAGE))
    else if (key === 'Home') go(event.ctrlKey ? plan.rowStart[rowStart]! : first)
    else if (key === 'End') go(event.ctrlKey ? plan.rowStart[rowEnd]! - 1 : last)
    else if (key === 'Enter' || key === ' ') choice.toggle(seat)
    else if (key === 'n' || key === 'N') props.onNext(seat)
    else if (key === 'Escape') props.onLeave()
    else return
    event.preventDefault()
  }

  /** The seat of a row that lies nearest to the one that the keys are on. */
  const nearestIn = (row: number): number | undefined => {
    let chosen: number | undefined
    let least = Infinity
    for (let one = plan.rowStart[row]!; one < plan.rowStart[row + 1]!; one++) {
      const away = Math.hypot(plan.x[one]! - plan.x[seat]!, plan.y[one]! - plan.y[seat]!)
      if (away < least) {
        chosen = one
        least = away
      }
    }
    return chosen
  }

  const rows: number[] = []
  const own = plan.rowOf[seat]!
  for (let row = rowStart; row < rowEnd; row++) {
    const at = row - rowStart
    const isNear = tops[at + 1]! > view.top - BEYOND && tops[at]! < view.top + view.height + BEYOND
    if (isNear || row === own) rows.push(row)
  }
  let longest = 0
  for (let row = rowStart; row < rowEnd; row++)
    longest = Math.max(longest, plan.rowStart[row + 1]! - plan.rowStart[row]!)

  return (
    <div ref={scroller} className={styles.scroller}>
      <p id={help} className="visually-hidden">
        {t('list.help')}
      </p>
      <div
        role="grid"
        className={styles.grid}
        style={{ blockSize: `${tops.at(-1)}px` }}
        aria-label={t('list.seatsOf', { section: describer.section(section) })}
        aria-describedby={help}
        aria-rowcount={rowEnd - rowStart}
        aria-colcount={longest + 1}
        aria-multiselectable="true"
        onKeyDown={onKey}
      >
        {rows.map((row) => {
          const [first, end] = [plan.rowStart[row]!, plan.rowStart[row + 1]!]
          const states: SeatState[] = []
          let free = 0
          for (let one = first; one < end; one++) {
            if (occupancy.seats[one] === 0) free++
            states.push(describer.stateOf(one, occupancy.seats[one]!, choice.picked, choice.mine))
          }
          return (
            <SeatRow
              key={row}
              {...{ map, describer, t, row, free }}
              index={row - rowStart + 1}
              top={tops[row - rowStart]!}
              states={states.join(' ')}
              faded={props.matching ? props.matching.subarray(first, end).join('') : ''}
              focus={row === own ? seat : -1}
              onToggle={choice.toggle}
              onSeat={onSeat}
            />
          )
        })}
      </div>
    </div>
  )
}

type RowProps = Pick<Props, 'map' | 'describer' | 't' | 'onSeat'> & {
  row: number
  /** Counted from 1. */
  index: number
  top: number
  free: number
  /** The state of each seat, with spaces between: two rows with the same text look the same. */
  states: string
  faded: string
  focus: number
  onToggle: (seat: number) => void
}

const SeatRow = memo(
  function SeatRow({
    map: { plan },
    describer,
    t,
    row,
    index,
    top,
    free,
    states,
    faded,
    focus,
    onToggle,
    onSeat,
  }: RowProps) {
    const first = plan.rowStart[row]!
    return (
      <div
        role="row"
        aria-rowindex={index}
        className={styles.row}
        style={{ transform: `translateY(${top}px)` }}
      >
        <div role="rowheader" aria-colindex={1} className={styles.header}>
          <strong>{describer.row(row)}</strong> <span>{t('list.free', { count: free })}</span>
        </div>
        {(states.split(' ') as SeatState[]).map((state, at) => {
          const seat = first + at
          const level = plan.level[seat]!
          const isOpen = state === 'available' || state === 'picked'
          return (
            <div
              key={seat}
              role="gridcell"
              data-seat={seat}
              data-state={state}
              data-mark={markOf(plan.flags[seat]!)}
              data-aisle={(plan.flags[seat]! & JOINED) === 0 || undefined}
              data-faded={faded[at] === '0' || undefined}
              className={styles.cell}
              style={
                {
                  '--level': `var(--map-level-${(describer.order[level]! % 6) + 1})`,
                  '--on-level': `var(--map-on-level-${(describer.order[level]! % 6) + 1})`,
                } as React.CSSProperties
              }
              tabIndex={seat === focus ? 0 : -1}
              aria-colindex={at + 2}
              aria-selected={isOpen ? state === 'picked' : undefined}
              aria-disabled={isOpen ? undefined : true}
              aria-label={describer.full(seat, state)}
              onClick={() => {
                onSeat(seat)
                onToggle(seat)
              }}
            >
              <span>{labelOf(plan, seat)}</span>
            </div>
          )
        })}
      </div>
    )
  },
  (before, after) =>
    before.states === after.states &&
    before.faded === after.faded &&
    before.focus === after.focus &&
    before.top === after.top &&
    before.describer === after.describer &&
    before.onToggle === after.onToggle,
)

function markOf(flags: number): string | undefined {
  if (flags & ACCESSIBLE) return 'accessible'
  if (flags & COMPANION) return 'companion'
  return flags & RESTRICTED ? 'restricted' : undefined
}
