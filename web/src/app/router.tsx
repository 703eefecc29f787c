import { createRoute, createRouter, lazyRouteComponent, redirect } from '@tanstack/react-router'
import { queryClient } from '../api/query'
import { canHold, hasSession, onSessionChange } from '../api/session'
import { doorRoutes } from '../door/routes'
import { editorRoutes } from '../editor/routes'
import { availabilityQuery, eventQuery, eventsQuery } from '../fan/queries'
import {
  checkoutSearch,
  discoverSearch,
  orderSearch,
  providerSearch,
  signInSearch,
  ticketsSearch,
} from '../fan/search'
import { loadMessages } from '../i18n'
import { organizerRoutes } from '../organizer/routes'
import { NotFound } from './NotFound'
import { PageError } from './PageError'
import { PagePending } from './PagePending'
import { rootRoute } from './root'

/** Sends who is not signed in to sign in, and back afterwards. */
function signedIn({ location }: { location: { href: string } }) {
  if (!hasSession()) throw redirect({ to: '/sign-in', search: { next: location.href } })
}

/** Guests have holds, too: at the checkout they say who they are. */
function mayHaveHolds(at: { location: { href: string } }) {
  if (!canHold()) signedIn(at)
}

/** Tickets that are kept open without a session too: at the door nobody can sign in by a network that is gone. */
async function signedInOrKept(at: { location: { href: string } }) {
  if (hasSession()) return
  const { hasKeptTickets } = await import('../fan/tickets/ticketQueries')
  if (!(await hasKeptTickets())) signedIn(at)
}

const home = createRoute({
  getParentRoute: () => rootRoute,
  path: '/',
  validateSearch: discoverSearch,
  loaderDeps: ({ search }) => search,
  loader: ({ deps }) => {
    void queryClient.prefetchInfiniteQuery(eventsQuery(deps))
    return loadMessages('discover', 'welcome')
  },
  component: lazyRouteComponent(() => import('../fan/discover/DiscoverPage'), 'DiscoverPage'),
})

const event = createRoute({
  getParentRoute: () => rootRoute,
  path: '/events/$eventId',
  loader: ({ params: { eventId } }) => {
    void queryClient.prefetchQuery(eventQuery(eventId))
    void queryClient.prefetchQuery(availabilityQuery(eventId))
    return loadMessages('event')
  },
  component: lazyRouteComponent(() => import('../fan/event/EventPage'), 'EventPage'),
})

const checkout = createRoute({
  getParentRoute: () => rootRoute,
  path: '/checkout',
  validateSearch: checkoutSearch,
  beforeLoad: mayHaveHolds,
  loader: () => loadMessages('checkout', 'auth'),
  component: lazyRouteComponent(() => import('../fan/checkout/CheckoutPage'), 'CheckoutPage'),
})

const tickets = createRoute({
  getParentRoute: () => rootRoute,
  path: '/tickets',
  validateSearch: ticketsSearch,
  beforeLoad: signedInOrKept,
  loader: () => loadMessages('tickets'),
  component: lazyRouteComponent(() => import('../fan/tickets/TicketsPage'), 'TicketsPage'),
})

const orders = createRoute({
  getParentRoute: () => rootRoute,
  path: '/orders',
  beforeLoad: signedIn,
  loader: () => loadMessages('orders'),
  component: lazyRouteComponent(() => import('../fan/orders/OrdersPage'), 'OrdersPage'),
})

const order = createRoute({
  getParentRoute: () => rootRoute,
  path: '/orders/$orderId',
  validateSearch: orderSearch,
  beforeLoad: signedIn,
  loader: () => loadMessages('orders'),
  component: lazyRouteComponent(() => import('../fan/orders/OrderPage'), 'OrderPage'),
})

const account = createRoute({
  getParentRoute: () => rootRoute,
  path: '/account',
  beforeLoad: signedIn,
  loader: () => loadMessages('account', 'auth'),
  component: lazyRouteComponent(() => import('../fan/account/AccountPage'), 'AccountPage'),
})

const signIn = createRoute({
  getParentRoute: () => rootRoute,
  path: '/sign-in',
  validateSearch: signInSearch,
  loader: () => loadMessages('auth'),
  component: lazyRouteComponent(() => import('../fan/auth/SignInPage'), 'SignInPage'),
})

const providerReturn = createRoute({
  getParentRoute: () => rootRoute,
  path: '/sign-in/$provider',
  validateSearch: providerSearch,
  loader: () => loadMessages('auth'),
  component: lazyRouteComponent(() => import('../fan/auth/ProviderReturnPage'), 'ProviderReturnPage'),
})

const resetPassword = createRoute({
  getParentRoute: () => rootRoute,
  path: '/reset-password',
  loader: () => loadMessages('auth'),
  component: lazyRouteComponent(() => import('../fan/auth/ResetPage'), 'ResetPage'),
})

const invitation = createRoute({
  getParentRoute: () => rootRoute,
  path: '/invitation',
  beforeLoad: signedIn,
  loader: () => loadMessages('account'),
  component: lazyRouteComponent(() => import('../fan/account/InvitationPage'), 'InvitationPage'),
})

const routeTree = rootRoute.addChildren([
  home,
  event,
  checkout,
  tickets,
  orders,
  order,
  account,
  signIn,
  providerReturn,
  resetPassword,
  invitation,
  organizerRoutes(),
  editorRoutes(),
  doorRoutes(),
])

export const router = createRouter({
  routeTree,
  defaultPreload: 'intent',
  defaultPreloadStaleTime: 30_000,
  defaultPendingComponent: PagePending,
  defaultErrorComponent: PageError,
  defaultNotFoundComponent: NotFound,
  scrollRestoration: true,
})

// Who has signed out, here or in another tab, sees no private page any more.
onSessionChange(() => void router.invalidate())

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
  interface StaticDataRouteOption {
    /** A page without the app's header and footer, as the door's scanner. */
    bare?: boolean
  }
}
