const TRANSITIONS = ['publish', 'take-off-sale', 'postpone', 'cancel'] as const
export type Transition = (typeof TRANSITIONS)[number]

const FROM: Record<Transition, readonly string[]> = {
  publish: ['draft', 'announced', 'off_sale', 'rescheduled'],
  'take-off-sale': ['published', 'rescheduled'],
  postpone: ['announced', 'published', 'off_sale', 'rescheduled'],
  cancel: ['draft', 'announced', 'published', 'off_sale', 'postponed', 'rescheduled'],
}

/** What can be done with an event in a state and would change something. */
export const possibleFrom = (state: string): Transition[] =>
  TRANSITIONS.filter((transition) => FROM[transition].includes(state))

type Missing = 'seatMap' | 'prices' | 'past'

/** What an event lacks to go on sale. */
export function missingToPublish(
  event: { seatMapId?: string | null; priceLevels: readonly unknown[]; startsAt: string },
  now: number,
): Missing[] {
  const missing: Missing[] = []
  if (!event.seatMapId) missing.push('seatMap')
  if (event.priceLevels.length === 0) missing.push('prices')
  if (Date.parse(event.startsAt) <= now) missing.push('past')
  return missing
}
