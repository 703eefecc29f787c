import { useLayoutEffect, useRef, useState } from 'react'
import type { Viewport } from '../engine/camera'
import type { Target } from '../engine/overlay'
import { labelOf, sectionOf } from '../engine/plan'
import type { PointWire } from '../engine/wire'
import type { Describer, Note, T } from './describe'
import styles from './SeatCard.module.css'
import { SeatGlyph } from './SeatGlyph'
import type { Choice } from './useChoice'
import type { LiveMap } from './useSeatMap'

type Props = {
  map: LiveMap
  describer: Describer
  t: T
  target: Target
  at: PointWire
  viewport: Viewport
  choice: Choice
  heat: Float32Array | undefined
}

/** From what it is about, in CSS pixels. */
const AWAY = 22

/** What is pointed at, beside it. Said to screen readers by the live region, so that it is hidden from them. */
export function SeatCard(props: Props) {
  const { at, viewport } = props
  const card = useRef<HTMLDivElement>(null)
  const [size, setSize] = useState({ width: 0, height: 0 })
  useLayoutEffect(() => {
    const { offsetWidth: width, offsetHeight: height } = card.current!
    if (width !== size.width || height !== size.height) setSize({ width, height })
  })
  const left = Math.min(Math.max(8, at.x - size.width / 2), Math.max(8, viewport.width - size.width - 8))
  const above = at.y - AWAY - size.height
  const top = above > 8 ? above : Math.min(at.y + AWAY, viewport.height - size.height - 8)
  const isOff = at.x < 0 || at.y < 0 || at.x > viewport.width || at.y > viewport.height
  return (
    <div
      ref={card}
      className={styles.card}
      aria-hidden="true"
      hidden={isOff}
      style={{ transform: `translate(${Math.round(left)}px, ${Math.round(top)}px)` }}
    >
      <Content {...props} />
    </div>
  )
}

function Content({ map, describer, t, target, choice, heat }: Props) {
  const { plan, occupancy } = map
  if ('area' in target) {
    const area = plan.areas[target.area]!
    const level = plan.levels.findIndex(({ key }) => key === area.level)
    const left = occupancy.areas.get(area.id) ?? area.capacity
    return (
      <>
        <p className={styles.title}>{area.name}</p>
        <p className={styles.price}>{describer.levelPrice(level)}</p>
        <p className={styles.quiet}>{left === 0 ? t('section.none') : t('area.left', { count: left })}</p>
      </>
    )
  }
  if ('section' in target) {
    const section = plan.sections[target.section]!
    const free = occupancy.counts[target.section * 4]!
    const total = section.seatEnd - section.seatStart
    return (
      <>
        <p className={styles.title}>{section.name}</p>
        <p className={styles.quiet}>
          {free === 0 ? t('section.none') : t('section.free', { count: free, total })}
        </p>
        {heat === undefined && free > 0 && (
          <p className={styles.price}>{t('section.from', { price: describer.cheapest(target.section) })}</p>
        )}
        {heat !== undefined && <p className={styles.price}>{describer.percent(heat[target.section]!)}</p>}
      </>
    )
  }
  const { seat } = target
  const state = describer.stateOf(seat, occupancy.seats[seat]!, choice.picked, choice.mine)
  const notes = describer.notes(seat)
  const level = plan.level[seat]!
  const color = `var(--map-level-${(describer.order[level]! % 6) + 1})`
  const mark = notes.find((note): note is Exclude<Note, 'aisle'> => note !== 'aisle')
  return (
    <>
      <p className={styles.quiet}>{describer.section(sectionOf(plan, seat))}</p>
      <dl className={styles.place}>
        <div>
          <dt>{t('row')}</dt>
          <dd>{describer.rowLabel(seat)}</dd>
        </div>
        <div>
          <dt>{t('seat')}</dt>
          <dd>{labelOf(plan, seat)}</dd>
        </div>
        <div className={styles.cost}>
          <dt>{describer.levelNames[level]}</dt>
          {state !== 'sold' && state !== 'blocked' && <dd>{describer.price(seat)}</dd>}
        </div>
      </dl>
      <p className={styles.state}>
        <SeatGlyph state={state} note={mark} color={color} />
        {describer.state(state)}
      </p>
      {notes.length > 0 && (
        <p className={styles.notes}>{notes.map((note) => describer.note(note)).join(' · ')}</p>
      )}
    </>
  )
}
