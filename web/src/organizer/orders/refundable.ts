import type { Order } from '../../api/types'

/** Staff may give back used tickets too: the show was stopped, somebody fell ill. */
export const isRefundable = ({ status }: { status: string }): boolean =>
  status === 'issued' || status === 'used'

export const canRefund = (order: Pick<Order, 'status' | 'tickets'>): boolean =>
  (order.status === 'completed' || order.status === 'partially_refunded') && order.tickets.some(isRefundable)
