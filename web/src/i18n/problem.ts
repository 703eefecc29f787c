import i18next, { type TFunction } from 'i18next'
import { useTranslation } from 'react-i18next'
import { Problem, type ProblemCode } from '../api/problem'
import { seatName } from '../lib/seat'
import { ruleText } from './rules'

type Sections = Parameters<typeof seatName>[1]

/** What a refusal or fault means to the person in front of the screen, and what they can do. */
export function problemMessage(t: TFunction, error: unknown, sections: Sections = []): string {
  if (!(error instanceof Problem)) return t('error.unexpected')
  const { details, retryAfter } = error
  const named = Array.isArray(details.seats) ? details.seats : [details.seat ?? '']
  const seats = named.map((seat) => seatName(String(seat), sections, t)).join('; ')
  const key: ProblemCode | 'rate_limited_wait' =
    error.code === 'rate_limited' && retryAfter ? 'rate_limited_wait' : error.code
  const text = t([`error.${key}`, 'error.unexpected'] as never, {
    seats,
    max: Number(details.max ?? 0),
    count: retryAfter ?? Number(details.max ?? 0),
    field: String(details.field ?? ''),
  }) as string
  return error.code === 'invalid_field' ? `${text}. ${ruleText(t, i18next.language, error)}` : text
}

/** `sections`: of the event that refusals may name seats of. */
export function useProblemMessage(sections?: Sections): (error: unknown) => string {
  const { t } = useTranslation()
  return (error) => problemMessage(t as TFunction, error, sections)
}
