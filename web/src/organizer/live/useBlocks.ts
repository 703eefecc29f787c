import { useMutation, useQueryClient } from '@tanstack/react-query'
import { api, ok } from '../../api/client'
import { useEvent } from '../events/EventFrame'
import { useOrganizer } from '../frame/context'
import type { Schemas } from '../types'
import { forgetWish, keyOf } from './wish'

/** Reads anew what blocking changes: who has places, how many are left, and which seats are free. */
export function useReread() {
  const here = useOrganizer()
  const { event } = useEvent()
  const client = useQueryClient()
  return () =>
    Promise.all([
      client.invalidateQueries({ queryKey: ['event', event.id, 'availability'] }),
      client.invalidateQueries({ queryKey: ['me', 'org', here.id, 'blocks', event.id] }),
      client.invalidateQueries({ queryKey: ['me', 'org', here.id, 'areas', event.id] }),
    ])
}

/** Keeps places off sale for somebody. What is repeated after a lost answer blocks nothing twice. */
export function useSetAside() {
  const here = useOrganizer()
  const { event } = useEvent()
  return useMutation({
    mutationFn: (body: Schemas['NewBlockBody']) => {
      const header = { 'Idempotency-Key': keyOf(JSON.stringify([event.id, body])) }
      const params = { path: { org: here.id, event: event.id }, header }
      return ok(api.POST('/api/v1/organizers/{org}/events/{event}/blocks', { params, body }))
    },
    onSuccess: forgetWish,
  })
}

/** Whom a block is for, as it is sent: nothing that is empty. */
export function wordsOf(holder: string, note: string): Pick<Schemas['NewBlockBody'], 'holder' | 'note'> {
  return { ...(holder.trim() && { holder: holder.trim() }), ...(note.trim() && { note: note.trim() }) }
}
