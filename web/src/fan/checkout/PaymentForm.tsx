import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Money as Amount } from '../../api/types'
import { useProblemMessage } from '../../i18n/problem'
import { Button, buttonClass } from '../../ui/Button'
import { Checkbox, Field } from '../../ui/Field'
import { Money } from '../../ui/Money'
import { Card } from '../../ui/Page'
import { Notice } from '../../ui/State'
import styles from './CheckoutPage.module.css'
import type { Payment } from './usePayment'

/** The cards of the simulated gateway, by what becomes of a payment with them. */
const CARDS = [
  'tok_ok',
  'tok_challenge',
  'tok_declined',
  'tok_insufficient_funds',
  'tok_slow',
  'tok_timeout_captured',
  'tok_timeout_lost',
] as const

type Props = {
  payment: Payment
  total: Amount | undefined
  /** Where the bank sends the buyer afterwards. */
  back: string
  onPay: (token: string, attendee?: { name?: string; email?: string }) => void
}

export function PaymentForm({ payment, total, back, onPay }: Props) {
  const { t } = useTranslation('checkout')
  const message = useProblemMessage()
  const [card, setCard] = useState<(typeof CARDS)[number]>('tok_ok')
  const [other, setOther] = useState(false)
  const [who, setWho] = useState({ name: '', email: '' })
  if (payment.state !== 'idle') return <UnderWay payment={payment} back={back} />
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const attendee = {
      ...(who.name.trim() && { name: who.name.trim() }),
      ...(who.email.trim() && { email: who.email.trim() }),
    }
    onPay(card, other && Object.keys(attendee).length > 0 ? attendee : undefined)
  }
  const choice = (token: (typeof CARDS)[number]) => (
    <label key={token} className={styles.cardChoice}>
      <input
        type="radio"
        name="card"
        value={token}
        checked={card === token}
        onChange={() => setCard(token)}
      />
      <span>
        <strong>{t(`card.${token}`)}</strong>
        <span className={styles.small}>{t(`cardText.${token}`)}</span>
      </span>
    </label>
  )
  return (
    <form className={styles.form} onSubmit={submit}>
      {payment.error !== undefined && <Notice tone="bad">{message(payment.error)}</Notice>}
      <Card>
        <h2 className={styles.sub}>{t('who')}</h2>
        <Checkbox
          label={t('someoneElse')}
          hint={t('someoneElseHint')}
          checked={other}
          onChange={(event) => setOther(event.target.checked)}
        />
        {other && (
          <div className={styles.pair}>
            <Field
              label={t('attendeeName')}
              value={who.name}
              onChange={(event) => setWho({ ...who, name: event.target.value })}
              autoComplete="off"
              maxLength={200}
            />
            <Field
              label={t('attendeeEmail')}
              type="email"
              value={who.email}
              onChange={(event) => setWho({ ...who, email: event.target.value })}
              autoComplete="off"
            />
          </div>
        )}
      </Card>
      <Card>
        <h2 className={styles.sub}>{t('pay')}</h2>
        <p className={styles.small}>{t('payText')}</p>
        <fieldset className={styles.cards}>
          <legend className="visually-hidden">{t('pay')}</legend>
          {choice('tok_ok')}
          {choice('tok_challenge')}
          <details>
            <summary>{t('endings')}</summary>
            {CARDS.slice(2).map(choice)}
          </details>
        </fieldset>
        <Button variant="primary" size="l" wide type="submit" disabled={!total}>
          {t('payNow')} {total && <Money value={total} />}
        </Button>
      </Card>
    </form>
  )
}

/** The bank's page, which leads back to a page of ours. */
export const bankPage = (url: string, back: string): string => `${url}?returnTo=${encodeURIComponent(back)}`

/** Money is moving, or the bank is asking: nothing here can be pressed twice. */
function UnderWay({ payment, back }: { payment: Exclude<Payment, { state: 'idle' }>; back: string }) {
  const { t } = useTranslation('checkout')
  if (payment.state === 'needs-buyer' && payment.order.nextAction)
    return (
      <Card className={styles.underWay}>
        <h2>{t('bank')}</h2>
        <p>{t('bankText')}</p>
        <a
          href={bankPage(payment.order.nextAction.url, back)}
          className={buttonClass({ variant: 'primary', size: 'l' })}
        >
          {t('bankGo')}
        </a>
        <p className={styles.small} role="status">
          {t('bankWaiting')}
        </p>
        <p className={styles.small}>{t('bankOther')}</p>
      </Card>
    )
  return (
    <Card className={styles.underWay}>
      <span className={styles.lamp} aria-hidden="true" />
      <h2>{t(payment.state === 'elsewhere' ? 'elsewhere' : 'paying')}</h2>
      <p role="status">
        {t(
          payment.state === 'elsewhere'
            ? 'elsewhereText'
            : payment.state === 'paying' && payment.lost
              ? 'lost'
              : 'payingText',
        )}
      </p>
      {payment.state === 'elsewhere' && (
        <Button onClick={() => location.reload()}>{t('common:action.reload')}</Button>
      )}
    </Card>
  )
}
