import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Button } from '../../ui/Button'
import { Dialog } from '../../ui/Dialog'
import { Notice } from '../../ui/State'
import kit from '../kit/kit.module.css'

export type Secret = { name: string; secret: string; clientId?: string }

/** The one time that a secret is shown. Closing it is a decision: nothing but its button does. */
export function SecretDialog({ secret, onClose }: { secret: Secret; onClose: () => void }) {
  const { t } = useTranslation('organizerStaff')
  const [isCopied, setCopied] = useState(false)
  return (
    <Dialog open title={secret.name} onClose={onClose} locked>
      <Notice tone="warn">{t('programs.once')}</Notice>
      {secret.clientId && (
        <p>
          {t('programs.clientId')} <code className={kit.secret}>{secret.clientId}</code>
        </p>
      )}
      <code className={kit.secret}>{secret.secret}</code>
      <div className={kit.buttons}>
        <Button
          onClick={async () => {
            await navigator.clipboard.writeText(secret.secret)
            setCopied(true)
          }}
        >
          {t(isCopied ? 'common:action.copied' : 'common:action.copy')}
        </Button>
        <Button variant="primary" onClick={onClose}>
          {t('programs.kept')}
        </Button>
        <span role="status" className="visually-hidden">
          {isCopied && t('common:action.copied')}
        </span>
      </div>
    </Dialog>
  )
}
