import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useRef, useState } from 'react'
import { api, ok } from '../../api/client'
import { isProblem } from '../../api/problem'
import type { EventPage, NewHold } from '../../api/types'
import { holdNow } from '../auth/guest'
import { rememberHold } from '../holds'
import { availabilityQuery, eventQuery } from '../queries'

/**
 * Holding what was chosen, at once: whoever has no account holds as a guest. Where no more guests are let in,
 * they are asked to sign in first, and the wish goes out the moment they are in. A wish that got no answer is sent again under its key, so that it holds once.
 */
export function useHolding(event: EventPage, onHeld: () => void) {
  const navigate = useNavigate()
  const client = useQueryClient()
  const [asking, setAsking] = useState(false)
  const attempt = useRef<{ wish: string; key: string }>(undefined)

  const hold = useMutation({
    mutationFn: (wish: NewHold) => {
      const text = JSON.stringify(wish)
      if (attempt.current?.wish !== text) attempt.current = { wish: text, key: crypto.randomUUID() }
      const params = { path: { event: event.id }, header: { 'Idempotency-Key': attempt.current.key } }
      return holdNow(() => ok(api.POST('/api/v1/events/{event}/holds', { params, body: wish })))
    },
    retry: (count, error) => count < 2 && isProblem(error, 'offline'),
    onSuccess: (held) => {
      attempt.current = undefined
      rememberHold(held)
      client.setQueryData(['me', 'hold', held.id], held)
      onHeld()
      void navigate({ to: '/checkout', search: { hold: held.id } })
    },
    onError: (error, wish) => {
      if (isProblem(error) && error.status === 401) setAsking(true)
      if (!isProblem(error, 'offline')) attempt.current = undefined
      else attempt.current = { wish: JSON.stringify(wish), key: attempt.current?.key ?? crypto.randomUUID() }
      // What was refused was seen as free: look again.
      void client.invalidateQueries({ queryKey: availabilityQuery(event.id).queryKey })
      void client.invalidateQueries({ queryKey: eventQuery(event.id).queryKey, exact: true })
    },
  })

  const wish = useRef<NewHold>(undefined)
  return {
    place: (next: NewHold) => {
      wish.current = next
      hold.mutate(next)
    },
    isPending: hold.isPending,
    error: isProblem(hold.error) && hold.error.status === 401 ? undefined : hold.error,
    reset: hold.reset,
    /** The sign-in dialog: open while a wish waits for its person. */
    asking,
    cancelAsking: () => setAsking(false),
    signedIn: () => {
      setAsking(false)
      if (wish.current) hold.mutate(wish.current)
    },
  }
}

export type Holding = ReturnType<typeof useHolding>
