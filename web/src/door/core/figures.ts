import type { Attendance, Scan, Verdict } from './types'

export type Figures = {
  admitted: number
  refused: { verdict: Verdict; count: number }[]
  gates: { gate: string; admitted: number; refused: number }[]
  /** Admissions in each of the last minutes, the oldest first. */
  minutes: { at: number; admitted: number }[]
}

const MINUTE = 60_000

function emptyMinutes(now: number, minutes: number): Figures['minutes'] {
  const last = Math.floor(now / MINUTE)
  return Array.from({ length: minutes }, (_, at) => ({ at: (last - minutes + 1 + at) * MINUTE, admitted: 0 }))
}

/** What happened at all gates, by the server. */
export function figuresFrom(told: Attendance, minutes: number): Omit<Figures, 'refused'> {
  const perMinute = emptyMinutes(Date.parse(told.asOf), minutes)
  const first = perMinute[0]?.at ?? 0
  for (const { at, admitted } of told.minutes) {
    const minute = perMinute[Math.floor((Date.parse(at) - first) / MINUTE)]
    if (minute) minute.admitted += admitted
  }
  return { admitted: told.admitted, gates: told.gates, minutes: perMinute }
}

/** What this device has done. `now` in ms since 1970. */
export function figuresOf(scans: readonly Scan[], now: number, minutes: number): Figures {
  const refused = new Map<Verdict, number>()
  const gates = new Map<string, { admitted: number; refused: number }>()
  const perMinute = emptyMinutes(now, minutes)
  const first = perMinute[0]?.at ?? 0
  let admitted = 0
  for (const { verdict, gate, scannedAt } of scans) {
    const here = gates.get(gate) ?? { admitted: 0, refused: 0 }
    gates.set(gate, here)
    if (verdict !== 'admitted') {
      here.refused += 1
      refused.set(verdict, (refused.get(verdict) ?? 0) + 1)
      continue
    }
    admitted += 1
    here.admitted += 1
    const minute = perMinute[Math.floor((Date.parse(scannedAt) - first) / MINUTE)]
    if (minute) minute.admitted += 1
  }
  return {
    admitted,
    refused: [...refused].map(([verdict, count]) => ({ verdict, count })).sort((a, b) => b.count - a.count),
    gates: [...gates].map(([gate, counts]) => ({ gate, ...counts })).sort((a, b) => b.admitted - a.admitted),
    minutes: perMinute,
  }
}
