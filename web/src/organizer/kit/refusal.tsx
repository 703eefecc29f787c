import type { TFunction } from 'i18next'
import { type ReactNode, type RefObject, useEffect } from 'react'
import { useTranslation } from 'react-i18next'
import { isProblem } from '../../api/problem'
import { useProblemMessage } from '../../i18n/problem'
import { ruleText } from '../../i18n/rules'
import { Notice } from '../../ui/State'

/** Problems found before anything is sent, in words, by field. */
export type Faults = Record<string, string>

/** Refusals of which the server's own sentence says more than the message does, to those who read English. */
const TELLING = ['invalid_seat_map', 'wrong_state', 'not_allowed'] as const

/** `priceLevels[0].amount` and `priceLevels.0.amount` name the same field. */
const plain = (field: string) => field.replace(/\[(\d+)\]/g, '.$1')

/**
 * What is wrong at which field: what the page found itself, else what the server said. The rest of what
 * the server said stands at the form.
 */
export function useRefusal(faults: Faults, error: unknown, form?: RefObject<HTMLFormElement | null>) {
  const { t, i18n } = useTranslation()
  const message = useProblemMessage()
  const shown = new Set<string>()
  const refused =
    isProblem(error) && typeof error.details.field === 'string' ? plain(error.details.field) : undefined
  useEffect(() => {
    if (!error && Object.keys(faults).length === 0) return
    form?.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus()
  }, [error, faults, form])
  return {
    at(field: string): ReactNode {
      const fault = faults[field]
      if (fault) return fault
      if (isProblem(error) && (refused === field || refused?.startsWith(`${field}.`))) {
        shown.add(field)
        return ruleText(t as TFunction, i18n.language, error)
      }
      return undefined
    },
    /** Stands after the fields, so that it knows which of them had their say. */
    rest(): ReactNode {
      if (!error || shown.size > 0) return null
      return (
        <Notice tone="bad">
          {message(error)}
          {isProblem(error, ...TELLING) && i18n.language === 'en' && ` ${error.message}`}
        </Notice>
      )
    },
  }
}
