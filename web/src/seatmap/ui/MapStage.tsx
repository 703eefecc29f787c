import { type KeyboardEvent, type ReactNode, useEffect, useId, useRef, useState } from 'react'
import { ZoomButtons } from '../../ui/ZoomButtons'
import { followGestures } from '../engine/gestures'
import { lookOf } from '../engine/look'
import { same, type Target } from '../engine/overlay'
import { sectionOf } from '../engine/plan'
import { MapView } from '../engine/view'
import { frontSeat, nextSeat, step, stepSection } from '../engine/walk'
import type { Describer, T } from './describe'
import styles from './MapStage.module.css'
import { MiniMap } from './MiniMap'
import { SeatCard } from './SeatCard'
import type { Choice } from './useChoice'
import type { LiveMap } from './useSeatMap'

type Props = {
  map: LiveMap
  describer: Describer
  t: T
  title: string
  theme: string
  choice: Choice
  matching: Uint8Array | undefined
  levelsIn: readonly boolean[] | undefined
  announce: (text: string) => void
  /** Shares of sections and areas to show as heat in place of seats. */
  heat?: Float32Array | undefined
  onArea: (area: number) => void
  /** A seat or section to show, as from a search; another object each time. */
  goal: Target | undefined
  children?: ReactNode
}

const ARROWS = { ArrowLeft: 'left', ArrowRight: 'right', ArrowUp: 'up', ArrowDown: 'down' } as const
const ZOOM = 1.6
/** Magnification from which it is worth showing where on the map one is. */
const MINI_FROM = 1.8

/** The drawn map with everything that moves it and what is pointed at. */
export function MapStage(props: Props) {
  const { map, describer, t, theme, choice, matching, levelsIn, announce, heat, goal } = props
  const { plan, index, occupancy } = map
  const canvas = useRef<HTMLCanvasElement>(null)
  const stage = useRef<HTMLDivElement>(null)
  const help = useId()
  const [view, setView] = useState<MapView>()
  const [pointed, setPointed] = useState<{ target: Target; by: 'mouse' | 'touch' | 'keys' }>()
  const [cursor, setCursor] = useState<Target>()
  const [, setCamera] = useState(0)
  const latest = useRef({ ...props, pointed, cursor })
  latest.current = { ...props, pointed, cursor }

  useEffect(() => {
    const [place, drawn] = [stage.current, canvas.current]
    if (!place || !drawn) return
    const still = matchMedia('(prefers-reduced-motion: reduce)')
    const made = new MapView(drawn, {
      plan,
      index,
      occupancy,
      look: colored(lookOf(place), latest.current.describer),
      words: {
        count: (count) => latest.current.describer.count(count),
        percent: (share) => latest.current.describer.percent(share),
      },
      prefersStillness: () => still.matches,
      onCamera: () => setCamera((count) => count + 1),
    })
    const fit = () => made.resize(place.clientWidth, place.clientHeight, Math.min(devicePixelRatio, 2))
    const sizes = new ResizeObserver(fit)
    sizes.observe(place)
    fit()
    const stopGestures = followGestures(place, made, {
      tap: (target, by) => onTap(made, target, by),
      hover: (target) => {
        made.hover = target
        setPointed(target && { target, by: 'mouse' })
      },
    })
    const forced = matchMedia('(forced-colors: active)')
    const dress = () => made.dress(colored(lookOf(place), latest.current.describer))
    forced.addEventListener('change', dress)
    setView(made)
    return () => {
      sizes.disconnect()
      stopGestures()
      forced.removeEventListener('change', dress)
      made.destroy()
    }
  }, [plan, index, occupancy])

  useEffect(() => {
    if (stage.current) view?.dress(colored(lookOf(stage.current), describer))
  }, [view, theme, describer])
  useEffect(() => view?.filter(matching, levelsIn), [view, matching, levelsIn])
  useEffect(() => view?.heat(heat), [view, heat])
  useEffect(() => view?.pick(choice.picked, choice.mine), [view, choice.picked, choice.mine])
  useEffect(() => {
    if (view) view.cursor = cursor
  }, [view, cursor])
  useEffect(() => {
    if (!view || !goal) return
    setCursor(goal)
    setPointed({ target: goal, by: 'keys' })
    if ('seat' in goal) view.showSeat(goal.seat)
    else if ('section' in goal) view.showSection(goal.section)
  }, [view, goal])

  const onTap = (made: MapView, target: Target | undefined, by: 'mouse' | 'touch') => {
    const now = latest.current
    setCursor(undefined)
    if (!target) {
      setPointed(undefined)
      return
    }
    if ('area' in target) {
      setPointed({ target, by })
      now.onArea(target.area)
    } else if ('section' in target) {
      setPointed({ target, by })
      if (!now.heat) made.showSection(target.section)
    } else if (made.isSure(by)) {
      setPointed({ target, by })
      now.choice.toggle(target.seat)
    } else made.showSeat(target.seat)
  }

  /** Where the keys begin: what lies in the middle of what is seen. */
  const begin = (made: MapView): Target | undefined => {
    const { x, y } = made.camera
    const [seat] = index.near(x, y, 1)
    if (seat === undefined) return plan.areas.length > 0 ? { area: 0 } : undefined
    return heat || !made.isSure('mouse') ? { section: sectionOf(plan, seat) } : { seat }
  }

  const go = (made: MapView, target: Target | undefined) => {
    if (
      !target ||
      ('section' in target &&
        plan.sections[target.section]!.seatEnd === plan.sections[target.section]!.seatStart)
    )
      return
    setCursor(target)
    setPointed({ target, by: 'keys' })
    if ('seat' in target) made.showSeat(target.seat, 12)
    announce(spoken(target))
  }

  const spoken = (target: Target): string => {
    if ('seat' in target) {
      const status = occupancy.seats[target.seat]!
      return describer.full(target.seat, describer.stateOf(target.seat, status, choice.picked, choice.mine))
    }
    if ('section' in target) return describer.summary(target.section, occupancy.counts)
    const area = plan.areas[target.area]!
    return t('area.summary', { area: area.name, count: occupancy.areas.get(area.id) ?? area.capacity })
  }

  const isWanted = (seat: number) =>
    occupancy.seats[seat] === 0 && (matching === undefined || matching[seat] === 1)

  const onKey = (event: KeyboardEvent) => {
    if (!view || event.altKey || event.metaKey || event.ctrlKey) return
    const direction = ARROWS[event.key as keyof typeof ARROWS]
    if (direction) {
      if (!cursor || 'area' in cursor) go(view, begin(view))
      else if ('section' in cursor) {
        const next = stepSection(plan, cursor.section, direction)
        if (next !== undefined) go(view, { section: next })
      } else {
        const next = step(plan, index, cursor.seat, direction, event.shiftKey ? isWanted : undefined)
        if (next !== undefined) go(view, { seat: next })
      }
    } else if (event.key === 'Enter' || event.key === ' ') {
      if (!cursor) go(view, begin(view))
      else if ('seat' in cursor) choice.toggle(cursor.seat)
      else if ('section' in cursor && !heat) {
        view.showSection(cursor.section)
        const seat = frontSeat(plan, cursor.section, isWanted) ?? plan.sections[cursor.section]!.seatStart
        go(view, { seat })
      } else if ('area' in cursor) props.onArea(cursor.area)
    } else if (event.key === 'Escape') {
      if (!cursor && view.magnification < 1.05) return
      if (cursor && 'seat' in cursor) go(view, { section: sectionOf(plan, cursor.seat) })
      else setCursor(undefined)
      setPointed(undefined)
      view.fit()
    } else if (event.key === '+' || event.key === '=') view.zoomBy(ZOOM, cursor && view.screenOf(cursor))
    else if (event.key === '-') view.zoomBy(1 / ZOOM)
    else if (event.key === '0') view.fit()
    else if (event.key === 'n' || event.key === 'N') {
      const next = nextSeat(plan, cursor && 'seat' in cursor ? cursor.seat : -1, isWanted)
      if (next === undefined) announce(t('said.noneFree'))
      else go(view, { seat: next })
    } else return
    event.preventDefault()
  }

  const shown = pointed && view ? pointed : undefined
  return (
    <div className={styles.frame}>
      <div
        ref={stage}
        className={styles.stage}
        role="application"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: an application takes keys of its own
        tabIndex={0}
        aria-label={props.title}
        aria-describedby={help}
        onKeyDown={onKey}
        onBlur={() => setCursor(undefined)}
      >
        <canvas ref={canvas} className={styles.canvas} />
      </div>
      <p id={help} className="visually-hidden">
        {t('mapHelp')}
      </p>
      {shown && view && !same(shown.target, undefined) && (
        <SeatCard
          map={map}
          describer={describer}
          t={t}
          target={shown.target}
          at={view.screenOf(shown.target)}
          viewport={view.viewport}
          choice={choice}
          heat={heat}
        />
      )}
      <ZoomButtons
        names={[t('zoomIn'), t('zoomOut'), t('fit')]}
        onZoom={(factor) => view?.zoomBy(factor)}
        onFit={() => view?.fit()}
        step={ZOOM}
      />
      {view && view.magnification > MINI_FROM && (
        <MiniMap plan={plan} view={view} theme={theme} describer={describer} />
      )}
      {props.children}
    </div>
  )
}

/** The look with each of the map's levels in the colour that the event's list gives it. */
export function colored(look: ReturnType<typeof lookOf>, describer: Describer): ReturnType<typeof lookOf> {
  const pick = (colors: readonly string[]) => describer.order.map((at) => colors[at % colors.length]!)
  return { ...look, levels: pick(look.levels), onLevels: pick(look.onLevels) }
}
