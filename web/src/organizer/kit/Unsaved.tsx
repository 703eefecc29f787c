import { useBlocker, useRouter } from '@tanstack/react-router'
import { useEffect, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import { Button } from '../../ui/Button'
import { Dialog } from '../../ui/Dialog'
import kit from './kit.module.css'

/** Asks before a page goes with what was typed in it; before the whole app goes, the browser asks in its words. */
export function Unsaved({ when }: { when: boolean }) {
  const { t } = useTranslation('organizer')
  // Until the code of the next page has come this one still stands: whoever left it is not asked again.
  const left = useRef(false)
  const router = useRouter()
  // Whoever came back before it did is here again, with all that was typed.
  useEffect(
    () =>
      router.subscribe('onResolved', () => {
        left.current = false
      }),
    [router],
  )
  const leaving = useBlocker({
    // A place further down on the same page is none to leave for.
    shouldBlockFn: ({ current, next }) => when && !left.current && current.pathname !== next.pathname,
    enableBeforeUnload: () => when && !left.current,
    withResolver: true,
  })
  if (leaving.status !== 'blocked') return null
  const leave = () => {
    left.current = true
    leaving.proceed()
  }
  return (
    <Dialog open title={t('leave.title')} onClose={leaving.reset}>
      <p>{t('leave.text')}</p>
      <div className={kit.buttons}>
        <Button variant="primary" onClick={leaving.reset}>
          {t('leave.stay')}
        </Button>
        <Button variant="quiet" onClick={leave}>
          {t('leave.go')}
        </Button>
      </div>
    </Dialog>
  )
}
