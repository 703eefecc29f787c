import { type ReactNode, type RefObject, useEffect } from 'react'
import { isProblem } from '../../api/problem'
import { useProblemMessage } from '../../i18n/problem'
import { Notice } from '../../ui/State'

/** Problems found before anything is sent, in words, by field. */
export type Faults = Record<string, string>

/** `priceLevels[0].amount` and `priceLevels.0.amount` name the same field. */
const plain = (field: string) => field.replace(/\[(\d+)\]/g, '.$1')

/**
 * What is wrong at which field: what the page found itself, else what the server said. The rest of what
 * the server said stands at the form.
 */
export function useRefusal(faults: Faults, error: unknown, form?: RefObject<HTMLFormElement | null>) {
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
      if (refused !== undefined && (refused === field || refused.startsWith(`${field}.`))) {
        shown.add(field)
        // The rule in the server's own words: more use than none at all in the reader's language.
        return <span lang="en">{(error as Error).message}</span>
      }
      return undefined
    },
    /** Stands after the fields, so that it knows which of them had their say. */
    rest(): ReactNode {
      if (!error || shown.size > 0) return null
      return (
        <Notice tone="bad">
          {message(error)}
          {isProblem(error, 'invalid_field', 'invalid_seat_map', 'wrong_state', 'not_allowed') && (
            <span lang="en"> {error.message}</span>
          )}
        </Notice>
      )
    },
  }
}
