import { useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useCallback, useEffect, useRef, useState } from 'react'
import { api, ok } from '../../api/client'
import { isProblem, Problem } from '../../api/problem'
import type { Order } from '../../api/types'
import { forgetHold } from '../holds'
import { type Attempt, endAttempt, keepAttempt, keptAttempt, lookAgainMs, mayHurry } from './attempt'

export type Payment =
  | { state: 'idle'; error?: unknown }
  /** Under way; `lost`: the last call got no answer and is sent again. */
  | { state: 'paying'; lost: boolean }
  | { state: 'needs-buyer'; order: Order }
  | { state: 'elsewhere' }

const settled = (order: Order) => order.status !== 'pending' && order.status !== 'needs_buyer'

/** Drives one payment to its end, whatever happens to the page in between. */
export function usePayment(holds: readonly string[]) {
  const navigate = useNavigate()
  const client = useQueryClient()
  const [payment, setPayment] = useState<Payment>(() =>
    keptAttempt(holds) ? { state: 'paying', lost: false } : { state: 'idle' },
  )
  const id = holds.join(',')
  const running = useRef(false)

  const finish = useCallback(
    (order: Order) => {
      const list = id.split(',')
      endAttempt(list)
      if (order.status === 'declined' || order.status === 'cancelled') {
        const code = order.status === 'declined' ? 'payment_declined' : 'hold_expired'
        setPayment({ state: 'idle', error: new Problem(code, 402) })
        void client.invalidateQueries({ queryKey: ['me', 'hold'] })
        return
      }
      for (const hold of list) forgetHold(hold)
      client.setQueryData(['me', 'order', order.id], order)
      void client.invalidateQueries({ queryKey: ['me', 'orders'] })
      void client.invalidateQueries({ queryKey: ['me', 'tickets'] })
      void import('../tickets/ticketQueries').then(({ keepTickets }) => keepTickets())
      void client.invalidateQueries({ queryKey: ['event'] })
      void navigate({
        to: '/orders/$orderId',
        params: { orderId: order.id },
        search: { placed: true },
        replace: true,
      })
    },
    [id, client, navigate],
  )

  const drive = useCallback(
    async (attempt: Attempt, signal: AbortSignal) => {
      const list = id.split(',')
      while (!signal.aborted) {
        let wait = lookAgainMs(undefined)
        try {
          const order = await ask(list, attempt)
          if (signal.aborted) return
          if (settled(order)) return finish(order)
          if (attempt.order !== order.id) {
            attempt = { ...attempt, order: order.id }
            keepAttempt(list, attempt)
          }
          setPayment(order.nextAction ? { state: 'needs-buyer', order } : { state: 'paying', lost: false })
        } catch (error) {
          if (signal.aborted) return
          const other =
            isProblem(error) && !attempt.order && (error.status === 409 || error.status === 410)
              ? await orderOf(list)
              : undefined
          if (other) {
            // Another tab or device is paying for these places: its order is this one's, too.
            attempt = { ...attempt, order: other.id }
            keepAttempt(list, attempt)
            continue
          }
          if (!isProblem(error) || !error.passes) {
            // Refused for good. Who is signed out, or a guest since, keeps the key: it may have been paid already.
            if (!isProblem(error) || !(error.status === 401 || error.code === 'account_needed'))
              endAttempt(list)
            void client.invalidateQueries({ queryKey: ['me', 'hold'] })
            return setPayment({ state: 'idle', error })
          }
          wait = lookAgainMs(error)
          setPayment((now) => (now.state === 'needs-buyer' ? now : { state: 'paying', lost: true }))
        }
        await pause(wait, signal)
      }
    },
    [id, client, finish],
  )

  /** One tab at a time pays for these holds; another one says so, waits, and then looks what became of it. */
  const run = useCallback(
    async (attempt: Attempt, signal: AbortSignal) => {
      if (running.current) return
      running.current = true
      const lock = `pay ${id}`
      const go = async () => {
        keepAttempt(id.split(','), attempt)
        setPayment({ state: 'paying', lost: false })
        await drive(attempt, signal)
      }
      const taken = await navigator.locks.request(lock, { ifAvailable: true }, async (free) => {
        if (!free) return true
        await go()
        return false
      })
      if (taken) {
        setPayment({ state: 'elsewhere' })
        await navigator.locks
          .request(lock, { signal }, async () => {
            await client.refetchQueries({ queryKey: ['me', 'hold'] })
            if (keptAttempt(id.split(','))) await go()
            else setPayment({ state: 'idle' })
          })
          .catch(() => {})
      }
      running.current = false
    },
    [id, client, drive],
  )

  const life = useRef<AbortController>(undefined)
  useEffect(() => {
    const controller = new AbortController()
    life.current = controller
    const attempt = keptAttempt(id.split(','))
    if (attempt) void run(attempt, controller.signal)
    return () => controller.abort()
  }, [id, run])

  return {
    payment,
    pay: (token: string, attendee?: Attempt['attendee']) => {
      if (life.current) void run({ key: crypto.randomUUID(), token, attendee }, life.current.signal)
    },
  }
}

function ask(holds: string[], { key, token, attendee, order }: Attempt): Promise<Order> {
  if (order) return ok(api.GET('/api/v1/orders/{order}', { params: { path: { order } } }))
  const body = { holds, payment: { method: 'simulated' as const, token }, ...(attendee && { attendee }) }
  return ok(api.POST('/api/v1/orders', { params: { header: { 'Idempotency-Key': key } }, body }))
}

/** The order that has these holds, where one is being paid or is paid already. */
export async function orderOf(holds: readonly string[]): Promise<Order | undefined> {
  const { items } = await ok(api.GET('/api/v1/me/orders', { params: { query: { limit: 50 } } })).catch(
    () => ({ items: [] }),
  )
  return items.find(
    ({ status, holds: its }) =>
      status !== 'declined' && status !== 'cancelled' && its.some((id) => holds.includes(id)),
  )
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer)
      document.removeEventListener('visibilitychange', soon)
      resolve()
    }
    // Back from the bank's tab: look at once, unless the server asked for time.
    const soon = () => document.visibilityState === 'visible' && mayHurry(ms) && done()
    const timer = setTimeout(done, ms)
    document.addEventListener('visibilitychange', soon)
    signal.addEventListener('abort', done, { once: true })
  })
}
