/** Wall-clock times of a venue, as `<input type="datetime-local">` has them, and instants. */

const formats = new Map<string, Intl.DateTimeFormat>()

function wallFormat(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone)
  if (known) return known
  const made = new Intl.DateTimeFormat('en-CA', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  })
  formats.set(zone, made)
  return made
}

/** The clock in `zone` at an instant, read as if it were UTC: milliseconds since 1970. */
function wallMs(at: number, zone: string): number {
  const part: Record<string, number> = {}
  for (const { type, value } of wallFormat(zone).formatToParts(at)) part[type] = Number(value)
  return Date.UTC(
    part.year ?? 0,
    (part.month ?? 1) - 1,
    part.day ?? 1,
    part.hour ?? 0,
    part.minute ?? 0,
    part.second ?? 0,
  )
}

/** `2026-11-22T19:30` for an instant, by the clock in `zone`. */
export function toWall(at: string, zone: string): string {
  return new Date(wallMs(Math.floor(Date.parse(at) / 1000) * 1000, zone)).toISOString().slice(0, 16)
}

/**
 * The instant at which clocks in `zone` show `wall`; nothing for what is no time. Of an hour that comes
 * twice the first is meant; a time that clocks jump over is as long after the jump as it would have been.
 */
export function fromWall(wall: string, zone: string): string | undefined {
  const meant = Date.parse(`${wall}Z`)
  if (Number.isNaN(meant)) return undefined
  const DAY = 86_400_000
  const offsets = [meant - DAY, meant + DAY].map((near) => wallMs(near, zone) - near)
  const fits = offsets.map((offset) => meant - offset).filter((at) => wallMs(at, zone) === meant)
  const at = fits.length ? Math.min(...fits) : meant - (offsets[0] ?? 0)
  return new Date(at).toISOString()
}

/** The time zones that browsers know, for a choice. */
export const timeZones = (): string[] => Intl.supportedValuesOf('timeZone')
