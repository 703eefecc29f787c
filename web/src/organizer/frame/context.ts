import { createContext, useContext } from 'react'
import { type Action, may, type Standing } from '../access'

export type Here = { id: string; name: string; suspended: boolean; standing: Standing }

export const OrganizerContext = createContext<Here | undefined>(undefined)

/** The organizer whose pages these are, and what is shown to the one who reads them. */
export function useOrganizer(): Here & { may: (action: Action, event?: string) => boolean } {
  const here = useContext(OrganizerContext)
  if (!here) throw new Error('outside of an organizer')
  return { ...here, may: (action, event) => may(here.standing, action, event) }
}
