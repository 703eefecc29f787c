import { useBlocker } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { Button } from '../../ui/Button'
import { Dialog } from '../../ui/Dialog'
import kit from './kit.module.css'

/** Asks before a page goes with what was typed in it; before the whole app goes, the browser asks in its words. */
export function Unsaved({ when }: { when: boolean }) {
  const { t } = useTranslation('organizer')
  const leaving = useBlocker({
    // A place further down on the same page is none to leave for.
    shouldBlockFn: ({ current, next }) => when && current.pathname !== next.pathname,
    enableBeforeUnload: () => when,
    withResolver: true,
  })
  if (leaving.status !== 'blocked') return null
  return (
    <Dialog open title={t('leave.title')} onClose={leaving.reset}>
      <p>{t('leave.text')}</p>
      <div className={kit.buttons}>
        <Button variant="primary" onClick={leaving.reset}>
          {t('leave.stay')}
        </Button>
        <Button variant="quiet" onClick={leaving.proceed}>
          {t('leave.go')}
        </Button>
      </div>
    </Dialog>
  )
}
