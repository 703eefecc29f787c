import { Outlet, useMatches, useRouterState } from '@tanstack/react-router'
import { useEffect, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import { Toasts } from '../ui/Toast'
import { Footer } from './Footer'
import { Header } from './Header'
import { HoldBar } from './HoldBar'
import { useConnectionToasts, useKeptTickets, useUpdatePrompt } from './life'
import styles from './Shell.module.css'

/** What is around every page. */
export function Shell() {
  const { t } = useTranslation()
  const bare = useMatches({ select: (matches) => matches.some((match) => match.staticData.bare) })
  const main = useRef<HTMLElement>(null)
  useFocusOnNavigation(main)
  useConnectionToasts(bare)
  useUpdatePrompt()
  useKeptTickets()
  return (
    <>
      <a className="skip-link" href="#main">
        {t('app.skip')}
      </a>
      {!bare && <Header />}
      <main id="main" ref={main} tabIndex={-1} className={styles.main}>
        <Outlet />
      </main>
      {!bare && <HoldBar />}
      {!bare && <Footer />}
      <Toasts />
    </>
  )
}

/** Another page is announced and read from its top, as if the browser had loaded it. */
function useFocusOnNavigation(main: React.RefObject<HTMLElement | null>) {
  const path = useRouterState({ select: (state) => state.resolvedLocation?.pathname })
  const before = useRef<string>(undefined)
  useEffect(() => {
    if (before.current !== undefined && path !== before.current) main.current?.focus({ preventScroll: true })
    before.current = path
  }, [path, main])
}
