import { createRoute, lazyRouteComponent, redirect } from '@tanstack/react-router'
import { hasSession } from '../api/session'
import { rootRoute } from '../app/root'
import { loadMessages } from '../i18n'
import { auditSearch } from './audit/search'
import { orderSearch } from './orders/search'

const organizer = createRoute({
  getParentRoute: () => rootRoute,
  path: '/organizer',
  beforeLoad: ({ location }) => {
    if (!hasSession()) throw redirect({ to: '/sign-in', search: { next: location.href } })
  },
  loader: () => loadMessages('organizer'),
  component: lazyRouteComponent(() => import('./OrganizerLayout'), 'OrganizerLayout'),
})

const choose = createRoute({
  getParentRoute: () => organizer,
  path: '/',
  component: lazyRouteComponent(() => import('./frame/ChoosePage'), 'ChoosePage'),
})

const platform = createRoute({
  getParentRoute: () => organizer,
  path: '/platform',
  loader: () => loadMessages('organizerPlatform'),
  component: lazyRouteComponent(() => import('./platform/PlatformPage'), 'PlatformPage'),
})

const org = createRoute({
  getParentRoute: () => organizer,
  path: '/$org',
  component: lazyRouteComponent(() => import('./frame/OrganizerFrame'), 'OrganizerFrame'),
})

const overview = createRoute({
  getParentRoute: () => org,
  path: '/',
  component: lazyRouteComponent(() => import('./overview/OverviewPage'), 'OverviewPage'),
})

const events = createRoute({
  getParentRoute: () => org,
  path: '/events',
  loader: () => loadMessages('organizerEvents'),
})

const eventList = createRoute({
  getParentRoute: () => events,
  path: '/',
  component: lazyRouteComponent(() => import('./events/EventsPage'), 'EventsPage'),
})

const newEvent = createRoute({
  getParentRoute: () => events,
  path: '/new',
  component: lazyRouteComponent(() => import('./events/NewEventPage'), 'NewEventPage'),
})

const event = createRoute({
  getParentRoute: () => events,
  path: '/$event',
  component: lazyRouteComponent(() => import('./events/EventFrame'), 'EventFrame'),
})

const eventSetUp = createRoute({
  getParentRoute: () => event,
  path: '/',
  component: lazyRouteComponent(() => import('./events/SetUpPage'), 'SetUpPage'),
})

const live = createRoute({
  getParentRoute: () => event,
  path: '/live',
  loader: () => loadMessages('organizerLive'),
  component: lazyRouteComponent(() => import('./live/LivePage'), 'LivePage'),
})

const blocks = createRoute({
  getParentRoute: () => event,
  path: '/blocks',
  loader: () => loadMessages('organizerLive'),
  component: lazyRouteComponent(() => import('./live/BlocksPage'), 'BlocksPage'),
})

const attendees = createRoute({
  getParentRoute: () => event,
  path: '/attendees',
  loader: () => loadMessages('organizerOrders'),
  component: lazyRouteComponent(() => import('./orders/AttendeesPage'), 'AttendeesPage'),
})

const venues = createRoute({
  getParentRoute: () => org,
  path: '/venues',
  loader: () => loadMessages('organizerVenues'),
})

const venueList = createRoute({
  getParentRoute: () => venues,
  path: '/',
  component: lazyRouteComponent(() => import('./venues/VenuesPage'), 'VenuesPage'),
})

const venue = createRoute({
  getParentRoute: () => venues,
  path: '/$venue',
  component: lazyRouteComponent(() => import('./venues/VenuePage'), 'VenuePage'),
})

const orders = createRoute({
  getParentRoute: () => org,
  path: '/orders',
  loader: () => loadMessages('organizerOrders'),
})

const orderList = createRoute({
  getParentRoute: () => orders,
  path: '/',
  validateSearch: orderSearch,
  component: lazyRouteComponent(() => import('./orders/OrdersPage'), 'OrdersPage'),
})

const order = createRoute({
  getParentRoute: () => orders,
  path: '/$order',
  component: lazyRouteComponent(() => import('./orders/OrderPage'), 'OrderPage'),
})

const staff = createRoute({
  getParentRoute: () => org,
  path: '/staff',
  loader: () => loadMessages('organizerStaff'),
  component: lazyRouteComponent(() => import('./staff/StaffPage'), 'StaffPage'),
})

const programs = createRoute({
  getParentRoute: () => org,
  path: '/programs',
  loader: () => loadMessages('organizerStaff'),
  component: lazyRouteComponent(() => import('./programs/ProgramsPage'), 'ProgramsPage'),
})

const contracts = createRoute({
  getParentRoute: () => org,
  path: '/contracts',
  loader: () => loadMessages('organizerStaff'),
  component: lazyRouteComponent(() => import('./audit/ContractsPage'), 'ContractsPage'),
})

const audit = createRoute({
  getParentRoute: () => org,
  path: '/audit',
  validateSearch: auditSearch,
  loader: () => loadMessages('organizerStaff'),
  component: lazyRouteComponent(() => import('./audit/AuditPage'), 'AuditPage'),
})

/** Everything for organizers, loaded when one of its pages is opened. */
export const organizerRoutes = () =>
  organizer.addChildren([
    choose,
    platform,
    org.addChildren([
      overview,
      events.addChildren([eventList, newEvent, event.addChildren([eventSetUp, live, blocks, attendees])]),
      venues.addChildren([venueList, venue]),
      orders.addChildren([orderList, order]),
      staff,
      programs,
      contracts,
      audit,
    ]),
  ])
