import { useTranslation } from 'react-i18next'
import { cx } from '../../ui/cx'
import styles from './kit.module.css'

type Tone = 'lit' | 'good' | 'bad' | 'warn' | 'plain'

/** A word for a state. The colour repeats what the word says. */
export function Tag({ tone = 'plain', children }: { tone?: Tone; children: React.ReactNode }) {
  return <span className={cx(styles.tag, styles[tone])}>{children}</span>
}

const EVENT: Record<string, Tone> = {
  draft: 'plain',
  on_sale: 'lit',
  presale: 'lit',
  scheduled: 'good',
  off_sale: 'warn',
  postponed: 'warn',
  rescheduled: 'good',
  cancelled: 'bad',
}

/** What the public is told of an event; a draft is told to nobody. */
export function EventStatus({ state, status }: { state: string; status: string }) {
  const { t } = useTranslation('organizer')
  const shown = state === 'draft' ? 'draft' : status
  return <Tag tone={EVENT[shown]}>{shown === 'draft' ? t('draft') : t(`common:status.${shown}`)}</Tag>
}

const ORDER: Record<string, Tone> = {
  completed: 'good',
  partially_refunded: 'warn',
  refunded: 'plain',
  declined: 'bad',
  cancelled: 'plain',
  pending: 'warn',
  needs_buyer: 'warn',
}

export function OrderStatus({ status }: { status: string }) {
  const { t } = useTranslation('organizer')
  return <Tag tone={ORDER[status]}>{t(`orderStatus.${status}`)}</Tag>
}

const TICKET: Record<string, Tone> = { issued: 'good', used: 'lit', refunded: 'plain', revoked: 'bad' }

export function TicketStatus({ status }: { status: string }) {
  const { t } = useTranslation('organizer')
  return <Tag tone={TICKET[status]}>{t(`ticketStatus.${status}`)}</Tag>
}
