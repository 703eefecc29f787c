import { useEffect } from 'react'
import { useTranslation } from 'react-i18next'
import { useMe } from '../api/me'
import { toast } from '../ui/Toast'

/** The page comes first: what is kept for later is fetched this long after it has loaded. */
const SETTLED_MS = 4_000
/** How often an open tab looks for a new version of the app. */
const UPDATE_CHECK_MS = 60 * 60 * 1000

/** `silent` where the page itself says all about the connection, as the door does. */
export function useConnectionToasts(silent: boolean): void {
  const { t } = useTranslation()
  useEffect(() => {
    if (silent) return
    const offline = () => toast(t('state.youAreOffline'))
    const online = () => toast(t('state.backOnline'), { tone: 'good' })
    window.addEventListener('offline', offline)
    window.addEventListener('online', online)
    return () => {
      window.removeEventListener('offline', offline)
      window.removeEventListener('online', online)
    }
  }, [t, silent])
}

/** Registers the service worker once the page has settled, and asks before a new version takes over. */
export function useUpdatePrompt(): void {
  const { t } = useTranslation()
  useEffect(() => {
    if (!import.meta.env.PROD || !('serviceWorker' in navigator)) return
    const timer = setTimeout(async () => {
      const { registerSW } = await import('virtual:pwa-register')
      const update = registerSW({
        onNeedRefresh: () =>
          toast(t('update.ready'), { action: { label: t('update.apply'), run: () => void update(true) } }),
        onRegisteredSW: (_url, registration) => {
          if (registration) setInterval(() => void registration.update(), UPDATE_CHECK_MS)
        },
      })
    }, SETTLED_MS)
    return () => clearTimeout(timer)
  }, [t])
}

/** Who is signed in has their tickets on the device for the door, also if they never open the page of them. */
export function useKeptTickets(): void {
  const { me } = useMe()
  const id = me?.id
  useEffect(() => {
    if (!id) return
    const timer = setTimeout(async () => {
      const { keepTickets } = await import('../fan/tickets/ticketQueries')
      void keepTickets()
    }, SETTLED_MS)
    return () => clearTimeout(timer)
  }, [id])
}
