// Pictures of the main screens for docs/screens.md: the real program with the demo world, on a phone and on a
// desk, by day and by night. STAGEDOOR_BIN: the binary, as for the browser tests.
//   npm run screenshots -- [--locale de-DE] [--only part-of-a-name] [--out folder]
import { mkdir, writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { scan } from '../e2e/door-browser.mjs'
import { eventNamed, launch, organize, startServer, visitor } from '../e2e/harness.mjs'
import { caller, signInAt } from '../e2e/people.mjs'

const { values: options } = parseArgs({
  options: {
    locale: { type: 'string', default: 'en-GB' },
    only: { type: 'string', default: '' },
    out: { type: 'string', default: new URL('../../docs/images/screens', import.meta.url).pathname },
  },
})

const SHAPES = {
  desktop: { viewport: { width: 1280, height: 800 } },
  phone: { viewport: { width: 390, height: 844 }, deviceScaleFactor: 1.5, isMobile: true, hasTouch: true },
}
/** Of WebP: text stays sharp, and a hundred pictures stay below 4 MB. */
const QUALITY = 55
const START = /Start scanning|Scannen beginnen/

const SHOW = "The Clockmaker's Daughter"

/** `[name, who, path, what is done there before]`; `w`: the ids of the world. */
const SCREENS = [
  ['discover', 'nobody', () => '/'],
  ['sign-in', 'nobody', () => '/sign-in'],
  ['event', 'nobody', (w) => `/events/${w.theatre}`],
  ['seat-map', 'nobody', (w) => `/events/${w.theatre}#map`, toMap],
  ['stadium', 'nobody', (w) => `/events/${w.stadium}#map`, toMap],
  ['checkout', 'fan', (w) => `/checkout?hold=${w.hold}`],
  ['order', 'fan', (w) => `/orders/${w.order}`],
  ['orders', 'fan', () => '/orders'],
  ['tickets', 'fan', () => '/tickets'],
  [
    'ticket',
    'fan',
    (w) => `/tickets?ticket=${w.ticket}`,
    (page) => page.locator('dialog svg[role=img]').waitFor(),
  ],
  ['account', 'fan', () => '/account'],
  ['organizer-choose', 'owner', () => '/organizer'],
  ['organizer-today', 'owner', (w) => `/organizer/${w.org}`],
  ['organizer-events', 'owner', (w) => `/organizer/${w.org}/events`],
  ['organizer-set-up', 'owner', (w) => `/organizer/${w.org}/events/${w.event}`],
  ['organizer-live', 'owner', (w) => `/organizer/${w.org}/events/${w.event}/live`],
  ['organizer-blocks', 'owner', (w) => `/organizer/${w.org}/events/${w.event}/blocks`],
  ['organizer-attendees', 'owner', (w) => `/organizer/${w.org}/events/${w.event}/attendees`],
  ['organizer-orders', 'owner', (w) => `/organizer/${w.org}/orders`],
  ['organizer-order', 'owner', (w) => `/organizer/${w.org}/orders/${w.order}`],
  ['organizer-venue', 'owner', (w) => `/organizer/${w.org}/venues/${w.venue}`],
  ['organizer-staff', 'owner', (w) => `/organizer/${w.org}/staff`],
  ['organizer-programs', 'owner', (w) => `/organizer/${w.org}/programs`],
  ['organizer-audit', 'owner', (w) => `/organizer/${w.org}/audit`],
  ['editor', 'owner', (w) => `/organizer/${w.org}/venues/${w.venue}/seat-maps/${w.map}`],
  ['door-choose', 'door', () => '/door'],
  ['door-start', 'door', (w) => `/door/${w.org}/${w.event}`],
  ['door-verdict', 'door', (w) => `/door/${w.org}/${w.event}`, letIn],
]

async function toMap(page) {
  const map = page.locator('#map')
  // It is fetched when it is near.
  await map.evaluate((here) => here.scrollIntoView({ block: 'start' }))
  await page.getByRole('application').waitFor()
  await map.evaluate((here) => here.scrollIntoView({ block: 'start' }))
}

async function letIn(page, w) {
  await page.getByRole('textbox').first().fill('North')
  await page.getByRole('button', { name: START }).click()
  await page.locator('h1').waitFor({ state: 'attached' })
  await scan(page, w.barcodes.pop())
  await page.locator('dialog[open], [role=dialog]').first().waitFor()
}

/** A world in which something has been sold: three fans at the theatre. */
async function makeWorld(server) {
  const { accounts, events } = server.world
  const { id } = await eventNamed(server.url, SHOW)
  const show = await (await fetch(`${server.url}/api/v1/events/${id}`)).json()
  const own = await organize(server, show.id, 'PATCH', '', { doorsAt: new Date().toISOString() })
  const owner = accounts.find(({ role, organizer }) => role === 'owner' && organizer === show.organizerId)
  const door = accounts.find(({ role, organizer }) => role === 'door' && organizer === show.organizerId)
  const fans = accounts.filter(({ role }) => role === 'fan').slice(0, 3)
  const orders = []
  let hold
  const barcodes = []
  for (const [index, person] of fans.entries()) {
    const fan = await caller(server.url, person)
    const held = (quantity) => fan('POST', `/events/${show.id}/holds`, { bestAvailable: { quantity } })
    for (const quantity of [2, 4, 3].slice(index)) {
      const payment = { method: 'simulated', token: 'tok_ok' }
      const { id } = await fan('POST', '/orders', { holds: [(await held(quantity)).id], payment })
      orders.push(await fan('GET', `/orders/${id}`))
    }
    if (index === 0) hold = (await held(2)).id
    else
      for (const { id } of orders.at(-1).tickets)
        barcodes.push((await fan('GET', `/tickets/${id}/barcode?format=json`)).text)
  }
  const stadium = events.find(({ capacity }) => capacity === 80_000)
  const [order] = orders
  return {
    people: { fan: fans[0], owner, door },
    ids: {
      org: show.organizerId,
      event: show.id,
      theatre: show.id,
      stadium: stadium.id,
      venue: own.venueId,
      map: own.seatMapId,
      hold,
      order: order.id,
      ticket: order.tickets[0].id,
      barcodes,
    },
  }
}

async function shoot(page, file) {
  await page.waitForFunction(() => !document.querySelector('[aria-busy=true]'))
  await page.evaluate(() => document.fonts.ready.then(() => undefined))
  await page.evaluate(() => Promise.all(document.getAnimations().map((one) => one.finished.catch(() => {}))))
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))))
  const session = await page.context().newCDPSession(page)
  const { data } = await session.send('Page.captureScreenshot', { format: 'webp', quality: QUALITY })
  await session.detach()
  await writeFile(file, data, 'base64')
}

const server = await startServer()
const browser = await launch()
try {
  await mkdir(options.out, { recursive: true })
  const world = await makeWorld(server)
  for (const [shape, settings] of Object.entries(SHAPES))
    for (const who of new Set(SCREENS.map(([, who]) => who))) {
      const { context, page } = await visitor(browser, server.url, {
        ...settings,
        locale: options.locale,
        reducedMotion: 'reduce',
      })
      if (who !== 'nobody') await signInAt(page, world.people[who])
      for (const [name, , path, before] of SCREENS.filter(
        (one) => one[1] === who && one[0].includes(options.only),
      )) {
        for (const colorScheme of ['light', 'dark']) {
          await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
          if (colorScheme === 'light' || name === 'door-verdict') {
            await page.goto('/api/docs')
            await page.goto(path(world.ids))
            await page.locator('h1').first().waitFor({ state: 'attached' })
            await page.waitForLoadState('networkidle').catch(() => {})
            await before?.(page, world.ids)
          }
          await shoot(page, `${options.out}/${name}-${shape}-${colorScheme}.webp`)
        }
        process.stdout.write(`${name} ${shape}\n`)
      }
      await context.close()
    }
} finally {
  await browser.close()
  await server.stop()
}
