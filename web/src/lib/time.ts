/** How much of a moment is shown. */
export type TimeStyle = 'day' | 'short' | 'long' | 'clock'

const STYLES: Record<TimeStyle, Intl.DateTimeFormatOptions> = {
  day: { weekday: 'short', day: 'numeric', month: 'short' },
  short: { weekday: 'short', day: 'numeric', month: 'short', hour: 'numeric', minute: '2-digit' },
  long: {
    weekday: 'long',
    day: 'numeric',
    month: 'long',
    year: 'numeric',
    hour: 'numeric',
    minute: '2-digit',
  },
  clock: { hour: 'numeric', minute: '2-digit' },
}

const formats = new Map<string, Intl.DateTimeFormat>()

function format(locale: string, zone: string | undefined, options: Intl.DateTimeFormatOptions) {
  const key = JSON.stringify([locale, zone, options])
  const known = formats.get(key)
  if (known) return known
  const made = new Intl.DateTimeFormat(locale, { timeZone: zone, ...options })
  formats.set(key, made)
  return made
}

/** `at`: RFC 3339; `zone`: an IANA name, or nothing for the viewer's own. */
export function formatTime(at: string, locale: string, style: TimeStyle, zone?: string): string {
  // The hour and its half of the day stay on one line.
  return format(locale, zone, STYLES[style])
    .format(new Date(at))
    .replace(/[ \u202f](?=[AP]M)/, '\u00a0')
}

/** The abbreviation of the zone as people there write it, as `CET`. */
export function zoneName(at: string, locale: string, zone?: string): string {
  const parts = format(locale, zone, { timeZoneName: 'short' }).formatToParts(new Date(at))
  return parts.find((part) => part.type === 'timeZoneName')?.value ?? ''
}

export const viewerZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone

/** Whether clocks in the two zones show another time at that moment. */
export function zonesDiffer(at: string, one: string, other: string): boolean {
  const wall = (zone: string) =>
    format('en', zone, { dateStyle: 'short', timeStyle: 'short' }).format(new Date(at))
  return wall(one) !== wall(other)
}

/** Day and month apart, for the block on a poster. */
export function dateBlock(at: string, locale: string, zone: string) {
  const part = (options: Intl.DateTimeFormatOptions) => format(locale, zone, options).format(new Date(at))
  return {
    weekday: part({ weekday: 'short' }),
    day: part({ day: 'numeric' }),
    month: part({ month: 'short' }),
  }
}

/** Whole seconds from `now` to `at`, never below zero; both in milliseconds since 1970. */
export function secondsLeft(at: number, now: number): number {
  return Math.max(0, Math.ceil((at - now) / 1000))
}

/** Seconds as a clock: 125 is `2:05`. */
export function clock(seconds: number): string {
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}
