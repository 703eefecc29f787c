// Every page of the app, by its route: full, empty, refused, and when the server has no answer.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { eventNamed, launch, register, somebody, startServer, violations, visitor } from './harness.mjs'
import { caller, signInAt } from './people.mjs'

/** Frames around other pages: there is no address that shows one alone. */
const FRAMES = new Set([
  '__root__',
  '/organizer',
  '/organizer/$org',
  '/organizer/$org/events',
  '/organizer/$org/events/$event',
  '/organizer/$org/venues',
  '/organizer/$org/orders',
  '/door',
])

/** Routes that nothing here visits, and why. */
const ELSEWHERE = {}

const LOOKS = [
  { colorScheme: 'light', width: 1280, height: 800 },
  { colorScheme: 'dark', width: 390, height: 844 },
]

const h1 = (name) => (page) => page.getByRole('heading', { name, level: 1 })
const says = (text) => (page) => page.getByText(text).first()
const press = (name) => (page) => page.getByRole('button', { name, exact: true })

/** Who goes where, by which route, and what they see there. `w`: the ids of the world below. */
const VISITS = {
  nobody: [
    ['/', () => '/', h1(/./)],
    ['/', () => '/?q=nothingofthisname', says('No show by that name')],
    ['/events/$eventId', (w) => `/events/${w.show}`, h1('Midnight Brass')],
    ['/events/$eventId', () => '/events/evt_01h455vb4pex5vsknk084sn02q', says('Nothing here')],
    ['/sign-in', () => '/sign-in', press('Sign in')],
    ['/sign-in', () => '/sign-in?mode=register', press('Create account')],
    ['/sign-in/$provider', () => '/sign-in/example?error=access_denied', says('You said no at')],
    ['/sign-in/$provider', () => '/sign-in/example?code=1&state=2', says('was begun in another tab')],
    ['/reset-password', () => '/reset-password', h1('New password')],
    ['/tickets', () => '/tickets', press('Sign in')],
    [undefined, () => '/nowhere', says('This door leads nowhere')],
  ],
  newcomer: [
    ['/checkout', () => '/checkout', h1(/./)],
    ['/tickets', () => '/tickets', says('No nights planned yet')],
    ['/orders', () => '/orders', h1(/./)],
    ['/orders/$orderId', () => '/orders/ord_01h455vb4pex5vsknk084sn02q', says('Nothing here')],
    ['/account', () => '/account', says('Verify your email or phone first.')],
    ['/organizer/', () => '/organizer', h1('Whose show is it?')],
    ['/organizer/$org/', (w) => `/organizer/${w.org}`, says('Not one of your organizers')],
    ['/organizer/platform', () => '/organizer/platform', says('For staff of the platform only')],
    ['/door/', () => '/door', says('No door to work yet')],
  ],
  fan: [
    ['/checkout', (w) => `/checkout?hold=${w.hold}`, press(/^Pay/)],
    ['/tickets', () => '/tickets', press(/seat|Floor/)],
    ['/orders', () => '/orders', says('Midnight Brass')],
    ['/orders/$orderId', (w) => `/orders/${w.order}`, h1(/./)],
    ['/account', () => '/account', h1(/./)],
    ['/invitation', () => '/invitation#token=nobody-sent-this', h1('You are invited')],
  ],
  owner: [
    ['/organizer/', () => '/organizer', h1('Whose show is it?')],
    ['/organizer/$org/', (w) => `/organizer/${w.org}`, h1('Today')],
    ['/organizer/$org/events/', (w) => `/organizer/${w.org}/events`, h1('Events')],
    ['/organizer/$org/events/new', (w) => `/organizer/${w.org}/events/new`, h1('New event')],
    ['/organizer/$org/events/$event/', (w) => `/organizer/${w.org}/events/${w.event}`, h1(/./)],
    ['/organizer/$org/events/$event/live', (w) => `/organizer/${w.org}/events/${w.event}/live`, h1(/./)],
    ['/organizer/$org/events/$event/blocks', (w) => `/organizer/${w.org}/events/${w.event}/blocks`, h1(/./)],
    [
      '/organizer/$org/events/$event/attendees',
      (w) => `/organizer/${w.org}/events/${w.event}/attendees`,
      h1(/./),
    ],
    ['/organizer/$org/venues/', (w) => `/organizer/${w.org}/venues`, h1('Venues')],
    ['/organizer/$org/venues/$venue', (w) => `/organizer/${w.org}/venues/${w.venue}`, h1('Cellar 58')],
    [
      '/organizer/$org/venues/$venue/seat-maps/$map',
      (w) => `/organizer/${w.org}/venues/${w.venue}/seat-maps/new`,
      (page) => page.getByRole('application'),
    ],
    ['/organizer/$org/orders/', (w) => `/organizer/${w.org}/orders`, h1('Orders')],
    ['/organizer/$org/orders/$order', (w) => `/organizer/${w.org}/orders/${w.order}`, h1(/./)],
    ['/organizer/$org/staff', (w) => `/organizer/${w.org}/staff`, h1('Staff')],
    ['/organizer/$org/programs', (w) => `/organizer/${w.org}/programs`, h1('Programs')],
    ['/organizer/$org/contracts', (w) => `/organizer/${w.org}/contracts`, h1('Contracts')],
    ['/organizer/$org/audit', (w) => `/organizer/${w.org}/audit`, h1('Audit log')],
    ['/organizer/$org/audit', (w) => `/organizer/${w.org}/audit?subject=nobody`, says('Nothing fits')],
  ],
  beginner: [
    ['/organizer/$org/', (w) => `/organizer/${w.empty}`, says('The stage is empty')],
    ['/organizer/$org/events/', (w) => `/organizer/${w.empty}/events`, says('No events yet')],
    ['/organizer/$org/events/new', (w) => `/organizer/${w.empty}/events/new`, says('You have no venue yet.')],
    ['/organizer/$org/venues/', (w) => `/organizer/${w.empty}/venues`, says('No house yet')],
    ['/organizer/$org/orders/', (w) => `/organizer/${w.empty}/orders`, h1('Orders')],
    ['/organizer/$org/programs', (w) => `/organizer/${w.empty}/programs`, says('No key yet.')],
    ['/organizer/$org/contracts', (w) => `/organizer/${w.empty}/contracts`, says('No contract of its own')],
  ],
  door: [
    ['/door/', () => '/door', says('Cellar 58 Concerts')],
    ['/door/$organizerId/$eventId', (w) => `/door/${w.org}/${w.event}`, press('Start scanning')],
    ['/organizer/$org/', (w) => `/organizer/${w.org}`, h1(/./)],
  ],
  admin: [['/organizer/platform', () => '/organizer/platform', h1('The platform')]],
}

let server
let browser
let world
before(async () => {
  server = await startServer()
  browser = await launch()
  const account = (wanted, start = '') =>
    server.world.accounts.find(({ role, email }) => role === wanted && email.startsWith(start))
  const nth = (wanted, n) => server.world.accounts.filter(({ role }) => role === wanted)[n]
  const owner = account('owner', 'owner-cellar')
  const event = server.world.events.find(({ organizer }) => organizer === owner.organizer)
  const show = await eventNamed(server.url, 'Midnight Brass')
  const fan = await caller(server.url, account('fan'))
  const hold = () =>
    fan('POST', `/events/${show.id}/holds`, { bestAvailable: { quantity: 2 } }).then(({ id }) => id)
  const payment = { method: 'simulated', token: 'tok_ok' }
  const order = await fan('POST', '/orders', { holds: [await hold()], payment })
  const beginner = await caller(server.url, nth('fan', 5))
  const empty = await beginner('POST', '/organizers', { name: 'A House Without Anything' })
  world = {
    people: {
      fan: account('fan'),
      owner,
      beginner: nth('fan', 5),
      door: account('door', 'door-cellar'),
      admin: account('admin'),
    },
    org: owner.organizer,
    event: event.id,
    venue: event.venue,
    show: show.id,
    order: order.id,
    hold: await hold(),
    empty: empty.id,
  }
})
after(async () => {
  await browser?.close()
  await server?.stop()
})

const settled = (page) => page.waitForFunction(() => !document.querySelector('[aria-busy=true]'))

/** Nothing to find, by day on a desk and by night on a phone. */
async function assertClean(t, page, name) {
  for (const { colorScheme, ...viewport } of LOOKS) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    await page.setViewportSize(viewport)
    await settled(page)
    // A colour on its way to another is neither.
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))))
    await t.test(`${name}, ${colorScheme}`, async () => assert.deepEqual(await violations(page), []))
  }
}

async function enter(page, who) {
  if (who === 'newcomer') await register(page, somebody())
  else if (who !== 'nobody') await signInAt(page, world.people[who])
}

/** The innermost route that the page on the screen belongs to. */
const routeOf = (page) => page.evaluate(() => window.__TSR_ROUTER__.state.matches.at(-1).routeId)

for (const [who, visits] of Object.entries(VISITS))
  test(`axe-core finds nothing on the pages of ${who}`, async (t) => {
    const { context, page } = await visitor(browser, server.url, { bypassCSP: true, reducedMotion: 'reduce' })
    await enter(page, who)
    for (const [route, path, seen] of visits) {
      const address = path(world)
      await page.goto(address)
      await seen(page).first().waitFor()
      // Who may not be here is sent on.
      if (route && (await routeOf(page)) !== '/sign-in') assert.equal(await routeOf(page), route, address)
      await assertClean(t, page, address)
    }
    await context.close()
  })

test('every route of the app is visited, or there is a reason why not', async () => {
  const { context, page } = await visitor(browser, server.url)
  await page.goto('/sign-in')
  await press('Sign in')(page).first().waitFor()
  const routes = await page.evaluate(() => Object.keys(window.__TSR_ROUTER__.routesById))
  const visited = new Set(
    Object.values(VISITS)
      .flat()
      .map(([route]) => route),
  )
  const missed = routes.filter((route) => !FRAMES.has(route) && !visited.has(route) && !ELSEWHERE[route])
  assert.deepEqual(missed, [])
  const known = new Set(routes)
  const gone = [...FRAMES, ...Object.keys(ELSEWHERE), ...visited].filter(
    (route) => route !== undefined && !known.has(route),
  )
  assert.deepEqual(gone, [])
  await context.close()
})

/** Pages whose first answer says that the server cannot just now. */
const UNANSWERED = {
  nobody: ['/', (w) => `/events/${w.show}`],
  fan: ['/tickets', '/orders', (w) => `/orders/${w.order}`, '/account'],
  owner: [
    (w) => `/organizer/${w.org}`,
    (w) => `/organizer/${w.org}/events/${w.event}`,
    (w) => `/organizer/${w.org}/venues/${w.venue}`,
    (w) => `/organizer/${w.org}/audit`,
    (w) => `/organizer/${w.org}/venues/${w.venue}/seat-maps/new`,
  ],
  door: ['/door', (w) => `/door/${w.org}/${w.event}`],
}

for (const [who, paths] of Object.entries(UNANSWERED))
  test(`axe-core finds nothing on the pages of ${who} when the server has no answer`, async (t) => {
    const { context, page } = await visitor(browser, server.url, { bypassCSP: true, reducedMotion: 'reduce' })
    await enter(page, who)
    const error = {
      code: 'unavailable',
      message: 'not just now',
      details: {},
      timestamp: new Date().toISOString(),
      requestId: 'req_test',
    }
    // An organizer is known; what they want to see is not.
    await page.route(/\/api\/v1\/(?!me$|organizers$|organizers\?)/, (route) =>
      route.request().method() === 'GET' ? route.fulfill({ status: 503, json: { error } }) : route.continue(),
    )
    for (const path of paths) {
      const address = typeof path === 'string' ? path : path(world)
      await page.goto(address)
      await settled(page)
      await page.getByRole('button', { name: 'Try again' }).first().waitFor()
      await assertClean(t, page, address)
    }
    await context.close()
  })
