export const RESULTS = ['done', 'denied', 'failed'] as const

export type AuditFilter = {
  from?: string
  to?: string
  actor?: string
  action?: string
  subject?: string
  result?: (typeof RESULTS)[number]
}

const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value.trim() ? value.trim() : undefined

/** The filters in the address, so that what was found can be sent to somebody. */
export function auditSearch(search: Record<string, unknown>): AuditFilter {
  return {
    from: text(search.from),
    to: text(search.to),
    actor: text(search.actor),
    action: text(search.action),
    subject: text(search.subject),
    result: RESULTS.find((result) => result === search.result),
  }
}
