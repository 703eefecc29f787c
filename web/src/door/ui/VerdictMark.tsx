import { toneOf } from '../core/judge'
import type { Verdict } from '../core/types'

/** The outline tells the kind without colour: round comes in, a diamond waits, an octagon stops. */
const OUTLINES = {
  go: 'M60 6a54 54 0 1 1 0 108 54 54 0 0 1 0-108z',
  wait: 'M60 3l57 57-57 57L3 60z',
  stop: 'M37 5h46l32 32v46l-32 32H37L5 83V37z',
}

const INSIDES: Record<Verdict, string> = {
  admitted: 'M34 62l18 18 35-39',
  already_used: 'M32 46h56v9a6 6 0 0 0 0 12v9H32v-9a6 6 0 0 0 0-12zM26 90L94 31',
  revoked: 'M40 40l40 40M80 40L40 80',
  wrong_event: 'M34 60h48M64 42l18 18-18 18',
  not_live: 'M40 46h30v42H40zM52 46V32h30v42H70',
  not_yet_valid: 'M60 34v28l18 10',
  expired: 'M42 34h36M42 86h36M46 34c0 16 28 36 28 52M74 34c0 16-28 36-28 52',
  unknown: 'M46 46a14 14 0 1 1 20 13c-4 2-6 5-6 10M60 84v.100',
  forged: 'M60 32v34M60 84v.100',
  fault: 'M91 60a31 31 0 1 1-31-31c9 0 17 4 23 10l8 8M91 27v20H71',
}

export function VerdictMark({ verdict, size }: { verdict: Verdict; size?: number }) {
  return (
    <svg
      viewBox="0 0 120 120"
      width={size}
      height={size}
      fill="none"
      stroke="currentColor"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      <path d={OUTLINES[toneOf(verdict)]} strokeWidth="6" />
      <path d={INSIDES[verdict]} strokeWidth="9" />
    </svg>
  )
}
