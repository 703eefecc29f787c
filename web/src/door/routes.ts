import { createRoute, lazyRouteComponent, redirect } from '@tanstack/react-router'
import { hasSession } from '../api/session'
import { rootRoute } from '../app/root'
import { loadMessages } from '../i18n'

/** Whether this device was made ready for an event: then its door opens without a session, too. */
const isReady = async () => (await (await import('./core/store')).packs()).length > 0

const door = createRoute({
  getParentRoute: () => rootRoute,
  path: '/door',
  staticData: { bare: true },
  beforeLoad: async ({ location }) => {
    if (!hasSession() && !(await isReady()))
      throw redirect({ to: '/sign-in', search: { next: location.href } })
  },
  loader: () => loadMessages('door'),
  component: lazyRouteComponent(() => import('./DoorLayout'), 'DoorLayout'),
})

const choose = createRoute({
  getParentRoute: () => door,
  path: '/',
  component: lazyRouteComponent(() => import('./choose/ChoosePage'), 'ChoosePage'),
})

const scanner = createRoute({
  getParentRoute: () => door,
  path: '$organizerId/$eventId',
  component: lazyRouteComponent(() => import('./ScannerPage'), 'ScannerPage'),
})

/** The door's scanner, loaded when it is opened. */
export const doorRoutes = () => door.addChildren([choose, scanner])
