import { useState } from 'react'
import { useKept } from '../kit/useKept'
import type { OwnEvent } from '../types'
import { changedFields, draftOf, type EventDraft, rebase } from './draft'

type Work = {
  /** The event as it was when last looked at, and its version. */
  base: EventDraft
  version: number
  draft: EventDraft
  /** Somebody changed what is changed here, too. */
  isOvertaken: boolean
}

/**
 * What somebody makes of an event. A transition, another map and other staff make it a newer one underneath:
 * what was typed stays.
 */
export function useWork(event: OwnEvent, zone: string) {
  const [work, setWork] = useState(() => begin(event, zone))
  if (event.version > work.version) setWork(onto(work, event, zone))
  const { base, version, draft, isOvertaken } = work
  const isChanged = changedFields(base, draft).length > 0
  useKept(`event ${event.id}`, isChanged ? work : undefined, setWork)
  return {
    base,
    version,
    draft,
    isOvertaken,
    isChanged,
    change: (changes: Partial<EventDraft>) =>
      setWork((before) => ({ ...before, draft: { ...before.draft, ...changes } })),
    discard: () => setWork((before) => ({ ...before, draft: before.base, isOvertaken: false })),
    /** `sent` is the event now; what was typed since then stays. */
    saved: (sent: EventDraft, event: OwnEvent) =>
      setWork((before) => ({ ...onto({ ...before, base: sent }, event, zone), isOvertaken: false })),
  }
}

function begin(event: OwnEvent, zone: string): Work {
  const base = draftOf(event, zone)
  return { base, version: event.version, draft: base, isOvertaken: false }
}

function onto({ base, draft, isOvertaken }: Work, event: OwnEvent, zone: string): Work {
  const now = draftOf(event, zone)
  const theirs = changedFields(base, now)
  const both = changedFields(base, draft).filter((field) => theirs.includes(field))
  return {
    base: now,
    version: event.version,
    draft: rebase(base, draft, now),
    isOvertaken: isOvertaken || both.length > 0,
  }
}
