import type { ErrorBody, ErrorCode } from './types'

/** What went wrong with a call: a code of the server's, or one of the two ways not to reach it. */
export type ProblemCode = ErrorCode | 'offline' | 'unreadable'

/** A refused or failed call. `message` is for the log; people read `problemMessage`. */
export class Problem extends Error {
  readonly code: ProblemCode
  readonly status: number
  readonly details: Record<string, unknown>
  readonly requestId: string | undefined
  /** Seconds to wait before asking again, where the server says so. */
  readonly retryAfter: number | undefined

  constructor(code: ProblemCode, status: number, body?: Partial<ErrorBody>, retryAfter?: number) {
    super(body?.message ?? code)
    this.name = 'Problem'
    this.code = code
    this.status = status
    this.details = (body?.details ?? {}) as Record<string, unknown>
    this.requestId = body?.requestId
    this.retryAfter = retryAfter
  }

  /** Whether asking the same again later may help. */
  get passes(): boolean {
    return this.code === 'offline' || this.status === 429 || this.status >= 500
  }
}

export function isProblem(error: unknown, ...codes: ProblemCode[]): error is Problem {
  return error instanceof Problem && (codes.length === 0 || codes.includes(error.code))
}

/** The problem in an answer that is no success. */
export function problemOf(response: Response, body: unknown): Problem {
  const error = (body as { error?: ErrorBody } | undefined)?.error
  const wait = Number(response.headers.get('Retry-After'))
  return new Problem(
    error?.code ?? 'unreadable',
    response.status,
    error,
    Number.isFinite(wait) && wait > 0 ? wait : undefined,
  )
}
