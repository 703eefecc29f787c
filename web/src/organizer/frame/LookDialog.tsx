import { Link } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Button, buttonClass } from '../../ui/Button'
import { Dialog } from '../../ui/Dialog'
import { Field } from '../../ui/Field'
import { EmptyState } from '../../ui/State'
import kit from '../kit/kit.module.css'

/** As long as the server asks for. */
const SHORTEST = 10
const LONGEST = 200

/**
 * To somebody who is no member there is nothing here, unless they are of the platform and say why they look
 * in. Nothing in a profile tells who is, so the way is there for all and the server decides.
 */
export function LookDialog({ org, onReason }: { org: string; onReason: (reason: string) => void }) {
  const { t } = useTranslation('organizer')
  const [isAsked, setAsked] = useState(false)
  const [reason, setReason] = useState('')
  const [fault, setFault] = useState('')
  if (!isAsked)
    return (
      <>
        <h1 className="visually-hidden">{t('choose.title')}</h1>
        <EmptyState
          icon="key"
          title={t('notYours')}
          action={
            <div className={kit.buttons}>
              <Link to="/organizer" className={buttonClass({ variant: 'primary' })}>
                {t('nav.others')}
              </Link>
              <Button variant="quiet" onClick={() => setAsked(true)}>
                {t('look.staff')}
              </Button>
            </div>
          }
        >
          {t('notYoursText')}
        </EmptyState>
      </>
    )
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (reason.trim().length < SHORTEST) return setFault(t('look.short', { count: SHORTEST }))
    onReason(reason.trim())
  }
  return (
    <Dialog open title={t('look.title')} onClose={() => setAsked(false)}>
      <form className={kit.stack} onSubmit={submit} noValidate>
        <p>{t('look.text')}</p>
        <p className={kit.code}>{org}</p>
        <Field
          label={t('look.reason')}
          hint={t('look.hint')}
          value={reason}
          maxLength={LONGEST}
          error={fault}
          onChange={(event) => setReason(event.target.value)}
        />
        <div className={kit.buttons}>
          <Button type="submit" variant="primary">
            {t('look.go')}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
