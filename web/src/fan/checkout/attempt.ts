import { isProblem } from '../../api/problem'

/**
 * One try to pay for certain holds. Its key is made before anything is sent and kept until the answer is
 * known, so that a reload, the back button or a lost connection asks about the same payment again and
 * never starts a second one. A duplicated tab takes the key with it.
 */
export type Attempt = {
  key: string
  token: string
  attendee?: { name?: string; email?: string }
  /** Known once the server has answered that the order waits. */
  order?: string
}

const name = (holds: readonly string[]) => `attempt:${[...holds].sort().join(',')}`

export function keptAttempt(holds: readonly string[]): Attempt | undefined {
  try {
    return JSON.parse(sessionStorage.getItem(name(holds)) ?? 'null') ?? undefined
  } catch {
    return undefined
  }
}

export function keepAttempt(holds: readonly string[], attempt: Attempt): void {
  sessionStorage.setItem(name(holds), JSON.stringify(attempt))
}

/** The attempt came to its end: the next one is another payment, under another key. */
export function endAttempt(holds: readonly string[]): void {
  sessionStorage.removeItem(name(holds))
}

/** How often an order that waits is looked at, and a call without an answer sent again. */
const LOOK_MS = 2_000

/** How long to wait before asking again: longer where the server wants to be left alone. */
export function lookAgainMs(error: unknown): number {
  return Math.max(LOOK_MS, isProblem(error) ? (error.retryAfter ?? 0) * 1000 : 0)
}

export const mayHurry = (wait: number): boolean => wait <= LOOK_MS
