import { createRoute, lazyRouteComponent, redirect } from '@tanstack/react-router'
import { hasSession } from '../api/session'
import { rootRoute } from '../app/root'
import { loadMessages } from '../i18n'

/** The seat-map editor fills the window and is loaded only when it is opened; `new` in place of a version begins one. */
export const editorRoutes = () =>
  createRoute({
    getParentRoute: () => rootRoute,
    path: '/organizer/$org/venues/$venue/seat-maps/$map',
    staticData: { bare: true },
    beforeLoad: ({ location }) => {
      if (!hasSession()) throw redirect({ to: '/sign-in', search: { next: location.href } })
    },
    loader: () => loadMessages('editor'),
    component: lazyRouteComponent(() => import('./ui/EditorPage'), 'EditorPage'),
  })
