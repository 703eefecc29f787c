import { memo, useId } from 'react'
import type { EventType } from '../../api/types'
import { cx } from '../../ui/cx'
import styles from './EventArt.module.css'
import { pick, randomOf } from './random'
import { SCENES } from './scenes'

/** Gels: the colours of one lighting plan, from the dark of the house to the brightest lamp. */
type Gels = { night: string; deep: string; mid: string; glow: string; lamp: string }

const GELS: Record<EventType, readonly Gels[]> = {
  concert: [
    { night: '#120a2e', deep: '#3a1078', mid: '#b5179e', glow: '#ff5d8f', lamp: '#ffd166' },
    { night: '#071a2f', deep: '#0b4f6c', mid: '#1ba6a6', glow: '#7ee8c7', lamp: '#fff3c4' },
    { night: '#1f0a12', deep: '#6a0f2b', mid: '#d1382f', glow: '#ff8f3f', lamp: '#ffe29a' },
    { night: '#0a1033', deep: '#1d2f9e', mid: '#5b5bf0', glow: '#c08bff', lamp: '#ffe8b0' },
  ],
  sport: [
    { night: '#04170f', deep: '#0b4a2f', mid: '#168a4f', glow: '#8fe388', lamp: '#f8ffd6' },
    { night: '#06142b', deep: '#0d3a75', mid: '#1f7ae0', glow: '#7cc4ff', lamp: '#fdfce0' },
  ],
  theatre: [
    { night: '#1a060b', deep: '#5c0a1c', mid: '#a3122f', glow: '#e2533f', lamp: '#ffd27a' },
    { night: '#0c0f24', deep: '#28245e', mid: '#5a3e9b', glow: '#c98bdb', lamp: '#ffe0a3' },
    { night: '#071a17', deep: '#0c4a41', mid: '#17806d', glow: '#79cfa8', lamp: '#ffe5a8' },
  ],
  comedy: [
    { night: '#2a0d05', deep: '#8a2a0c', mid: '#f0641e', glow: '#ffb02e', lamp: '#fff0b8' },
    { night: '#0b1230', deep: '#243b8a', mid: '#e0457b', glow: '#ff9ebb', lamp: '#ffe9a6' },
    { night: '#06211f', deep: '#0d5c55', mid: '#f2a03d', glow: '#ffd07a', lamp: '#fdf1c7' },
  ],
  festival: [
    { night: '#24104a', deep: '#7b2d8b', mid: '#f0506e', glow: '#ff9f45', lamp: '#ffe27a' },
    { night: '#07283a', deep: '#0f6b7a', mid: '#2fb58a', glow: '#ffd15c', lamp: '#fff4c9' },
  ],
  family: [
    { night: '#0a2145', deep: '#1a57a0', mid: '#4aa3df', glow: '#9fdcf5', lamp: '#fff1c2' },
    { night: '#2b1145', deep: '#6b3fa0', mid: '#c77dda', glow: '#ffc3dd', lamp: '#fff3c4' },
  ],
  other: [{ night: '#0d0b16', deep: '#2b2547', mid: '#6a5ca8', glow: '#ffb330', lamp: '#ffe6b3' }],
}

type Props = { seed: string; type: string; className?: string; transition?: string }

/** The poster of a production: drawn from its name, the same wherever it is shown. */
export const EventArt = memo(function EventArt({ seed, type, className, transition }: Props) {
  const id = useId()
  const kind = (type in SCENES ? type : 'other') as EventType
  const random = randomOf(seed)
  const gels = pick(random, GELS[kind])
  const Scene = SCENES[kind]
  return (
    <svg
      className={cx(styles.art, className)}
      style={transition ? { viewTransitionName: transition } : undefined}
      viewBox="0 0 400 400"
      preserveAspectRatio="xMidYMid slice"
      aria-hidden="true"
      focusable="false"
    >
      <defs>
        <linearGradient id={`${id}sky`} x1="0" y1="0" x2="0" y2="1">
          <stop offset="0" stopColor={gels.night} />
          <stop offset=".6" stopColor={gels.deep} />
          <stop offset="1" stopColor={gels.mid} />
        </linearGradient>
        <linearGradient id={`${id}beam`} x1="0" y1="0" x2="0" y2="1">
          <stop offset="0" stopColor={gels.lamp} stopOpacity=".85" />
          <stop offset="1" stopColor={gels.glow} stopOpacity="0" />
        </linearGradient>
        <radialGradient id={`${id}spot`}>
          <stop offset="0" stopColor={gels.lamp} />
          <stop offset=".35" stopColor={gels.glow} stopOpacity=".75" />
          <stop offset="1" stopColor={gels.mid} stopOpacity="0" />
        </radialGradient>
      </defs>
      <rect width="400" height="400" fill={`url(#${id}sky)`} />
      <Scene random={random} gels={gels} beam={`url(#${id}beam)`} spot={`url(#${id}spot)`} />
    </svg>
  )
})

export type SceneProps = { random: () => number; gels: Gels; beam: string; spot: string }
