import type { UseMutationResult } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Button } from '../../ui/Button'
import { Dialog } from '../../ui/Dialog'
import kit from './kit.module.css'
import { useRefusal } from './refusal'

const NONE = {}

type Props = {
  title: string
  text: ReactNode
  doIt: string
  action: Pick<UseMutationResult<unknown, Error, void>, 'isPending' | 'error' | 'mutate'>
  onClose: () => void
}

/** Asks once before something that cannot be taken back. */
export function Confirm({ title, text, doIt, action, onClose }: Props) {
  const { t } = useTranslation()
  const refusal = useRefusal(NONE, action.error)
  return (
    <Dialog open title={title} onClose={onClose} locked={action.isPending}>
      <p>{text}</p>
      {refusal.rest()}
      <div className={kit.buttons}>
        <Button variant="danger" busy={action.isPending} onClick={() => action.mutate()}>
          {doIt}
        </Button>
        <Button variant="quiet" onClick={onClose}>
          {t('action.back')}
        </Button>
      </div>
    </Dialog>
  )
}
