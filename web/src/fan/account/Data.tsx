import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, ok } from '../../api/client'
import { Button } from '../../ui/Button'
import { toast } from '../../ui/Toast'
import { forgetPerson } from '../auth/leave'
import styles from './Account.module.css'
import { ProofDialog } from './ProofDialog'
import { Section } from './Section'

export function Data() {
  const { t } = useTranslation('account')
  const navigate = useNavigate()
  const [doing, setDoing] = useState<'export' | 'erase'>()
  return (
    <Section id="data" text={t('dataText')}>
      <div className={styles.buttons}>
        <Button onClick={() => setDoing('export')}>{t('export')}</Button>
        <Button variant="danger" onClick={() => setDoing('erase')}>
          {t('erase')}
        </Button>
      </div>
      {doing === 'export' && (
        <ProofDialog
          title={t('export')}
          text={t('exportText')}
          action={t('export')}
          onClose={() => setDoing(undefined)}
          run={async (proof) => {
            const data = await ok(api.POST('/api/v1/me/export', { body: proof }))
            download('stagedoor-export.json', JSON.stringify(data, null, 2))
          }}
        />
      )}
      {doing === 'erase' && (
        <ProofDialog
          title={t('erase')}
          text={t('eraseText')}
          action={t('eraseDo')}
          danger
          onClose={() => setDoing(undefined)}
          run={async (proof) => {
            await ok(api.DELETE('/api/v1/me', { body: proof }))
            // The account is gone, and its session with it; what fails here has nothing left to end.
            await ok(api.POST('/api/v1/auth/logout', { body: {} })).catch(() => {})
            await forgetPerson()
            toast(t('erased'))
            void navigate({ to: '/' })
          }}
        />
      )}
    </Section>
  )
}

function download(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'application/json' }))
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  URL.revokeObjectURL(url)
}
