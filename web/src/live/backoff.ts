const FIRST_MS = 500
const LONGEST_MS = 30_000

/**
 * How long to wait before another attempt after `failures` in a row: anywhere between nothing and twice as
 * much each time, so that those whom one outage threw out do not come back at one moment.
 */
export function backoffMs(failures: number, random: () => number = Math.random): number {
  return Math.round(random() * Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures, 16)))
}
