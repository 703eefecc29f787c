import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, ok } from '../../api/client'
import { isProblem } from '../../api/problem'
import type { Ticket } from '../../api/types'
import { useProblemMessage } from '../../i18n/problem'
import { placeOf } from '../../lib/seat'
import { Button } from '../../ui/Button'
import { Field } from '../../ui/Field'
import { Notice } from '../../ui/State'
import { toast } from '../../ui/Toast'

export function TransferForm({ ticket, onDone }: { ticket: Ticket; onDone: () => void }) {
  const { t } = useTranslation('tickets')
  const message = useProblemMessage()
  const client = useQueryClient()
  const [fields, setFields] = useState({ email: '', password: '', otp: '' })
  const key = useRef(crypto.randomUUID())
  const set = (name: keyof typeof fields) => (event: { target: { value: string } }) =>
    setFields({ ...fields, [name]: event.target.value })
  const give = useMutation({
    mutationFn: () => {
      const { email, password, otp } = fields
      const params = { path: { ticket: ticket.id }, header: { 'Idempotency-Key': key.current } }
      return ok(
        api.POST('/api/v1/tickets/{ticket}/transfer', {
          params,
          body: { email, password, ...(otp && { otp }) },
        }),
      )
    },
    onSuccess: () => {
      toast(t('given', { email: fields.email }), { tone: 'good' })
      void client.invalidateQueries({ queryKey: ['me'] })
      onDone()
    },
    onError: (error) => {
      // Another body under the same key would be refused; what got no answer keeps its key.
      if (!isProblem(error, 'offline')) key.current = crypto.randomUUID()
    },
  })
  const needsOtp = fields.otp !== '' || isProblem(give.error, 'mfa_required', 'invalid_otp')
  const submit = (event: FormEvent) => {
    event.preventDefault()
    give.mutate()
  }
  return (
    <form onSubmit={submit} style={{ display: 'grid', gap: 'var(--s4)' }}>
      <p>{t('transferText', { place: placeOf(ticket, t) })}</p>
      {give.isError && (
        <Notice tone="bad">
          {isProblem(give.error, 'not_found') ? t('noReceiver') : message(give.error)}
        </Notice>
      )}
      <Field
        label={t('receiver')}
        hint={t('receiverHint')}
        type="email"
        required
        value={fields.email}
        onChange={set('email')}
        autoComplete="off"
      />
      <Field
        label={t('yourPassword')}
        type="password"
        required
        value={fields.password}
        onChange={set('password')}
        autoComplete="current-password"
      />
      {needsOtp && (
        <Field
          label={t('otp')}
          required
          value={fields.otp}
          onChange={set('otp')}
          autoComplete="one-time-code"
        />
      )}
      <Button variant="primary" size="l" wide type="submit" busy={give.isPending}>
        {t('transferDo')}
      </Button>
    </form>
  )
}
