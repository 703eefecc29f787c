import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Dialog } from '../../ui/Dialog'
import { Notice } from '../../ui/State'
import { AuthForm } from './AuthForm'

type Props = { open: boolean; onClose: () => void; onDone: () => void }

/** Asks a guest who they are without taking them away from what they chose. */
export function AuthDialog({ open, onClose, onDone }: Props) {
  const { t } = useTranslation('auth')
  const [done, setDone] = useState(false)
  return (
    <Dialog open={open && !done} onClose={onClose} title={t('dialogTitle')}>
      <Notice tone="good">{t('dialogText')}</Notice>
      <AuthForm
        initial="register"
        next={location.pathname + location.search}
        onDone={() => {
          setDone(true)
          onDone()
        }}
      />
    </Dialog>
  )
}
