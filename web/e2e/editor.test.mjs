import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { after, before, test } from 'node:test'
import { launch, startServer, visitor } from './harness.mjs'

const AXE = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const SHOTS = process.env.STAGEDOOR_SHOTS
const DAY = 86_400_000

// One organizer draws, saves and looks more often in a minute than people do.
process.env.STAGEDOOR_USER_LIMIT ??= '2000/min'

let server
let browser
let session
let owner
let fan
let org

before(async () => {
  server = await startServer()
  const of = (role) => server.world.accounts.find((account) => account.role === role)
  owner = await caller(of('owner'))
  fan = await caller(of('fan'))
  org = of('owner').organizer
  browser = await launch()
  session = await visitor(browser, server.url, { viewport: { width: 1280, height: 800 } })
  await session.page.goto('/')
  const { email, password } = of('owner')
  const status = await session.page.evaluate(
    async (body) => {
      const headers = { 'content-type': 'application/json', 'x-session': 'cookie' }
      return (await fetch('/api/v1/auth/login', { method: 'POST', headers, body: JSON.stringify(body) }))
        .status
    },
    { email, password },
  )
  assert.equal(status, 200)
})

after(async () => {
  await browser?.close()
  await server?.stop()
})

/** A caller of the API with an account of the demo world, as a program is one. */
async function caller({ email, password }) {
  const signed = await call('POST', '/auth/login', { email, password })
  return (method, path, body) => call(method, path, body, signed.accessToken)
}

async function call(method, path, body, token) {
  const response = await fetch(`${server.url}/api/v1${path}`, {
    method,
    headers: {
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(token && { authorization: `Bearer ${token}` }),
      ...(method === 'POST' && { 'idempotency-key': crypto.randomUUID() }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
  return text ? JSON.parse(text) : undefined
}

async function venueFor(name) {
  return owner('POST', `/organizers/${org}/venues`, {
    name,
    city: 'Berlin',
    country: 'DE',
    timeZone: 'Europe/Berlin',
  })
}

async function open(venue, map) {
  const { page } = session
  await page.goto(`/organizer/${org}/venues/${venue.id}/seat-maps/${map}`)
  await page.getByRole('application').waitFor()
  await page.waitForTimeout(300)
}

/** Nothing that axe-core knows is wrong with the page, by the light of day and in the dark. */
async function assertAccessible(what) {
  const { page } = session
  for (const theme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' })
    // A colour on its way to another is neither.
    await page.evaluate(() =>
      Promise.all(document.getAnimations().map(({ finished }) => finished.catch(() => undefined))),
    )
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))))
    await page.evaluate((source) => {
      const run = new Function(source)
      run()
    }, AXE)
    const violations = await page.evaluate(async () => {
      const result = await globalThis.axe.run()
      return result.violations.map(({ id, nodes }) => ({
        id,
        nodes: nodes.map(({ html }) => html.slice(0, 160)),
      }))
    })
    assert.deepEqual(violations, [], `${what}, ${theme}`)
    if (SHOTS) await page.screenshot({ path: `${SHOTS}/${what.replaceAll(' ', '-')}-${theme}.png` })
  }
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' })
}

/** Presses on the drawing at shares of its width and height, and drags through the others. */
async function drag(...points) {
  const { page } = session
  const box = await page.getByRole('application').boundingBox()
  const at = ([x, y]) => [box.x + box.width * x, box.y + box.height * y]
  await page.mouse.move(...at(points[0]))
  await page.mouse.down()
  for (const point of points.slice(1)) await page.mouse.move(...at(point), { steps: 4 })
  await page.mouse.up()
}

/** What the outline lists. */
const outline = () => session.page.getByRole('treeitem').allTextContents()

async function save() {
  const { page } = session
  await page.locator('header').first().getByRole('button', { name: 'Save version' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('button', { name: 'Save version' }).click()
  await dialog.getByText(/Version \d+ is saved/).waitFor()
  return dialog
}

async function versions(venue) {
  return (await owner('GET', `/organizers/${org}/venues/${venue.id}/seat-maps`)).items
}

async function eventOn(venue, map) {
  const levels = Object.keys(map.levels)
  const event = await owner('POST', `/organizers/${org}/events`, {
    venueId: venue.id,
    seatMapId: map.id,
    name: `Opening night at ${venue.name}`,
    type: 'theatre',
    startsAt: new Date(Date.now() + 30 * DAY).toISOString(),
    currency: 'EUR',
    priceLevels: levels.map((key) => ({ key, name: key, amount: 4_500 })),
  })
  await owner('POST', `/organizers/${org}/events/${event.id}/publish`)
  return event
}

async function buy(event, seats) {
  const hold = await fan('POST', `/events/${event.id}/holds`, { seats })
  return fan('POST', '/orders', { holds: [hold.id], payment: { method: 'simulated', token: 'tok_ok' } })
}

async function soldSeats(event) {
  const map = await owner('GET', `/events/${event.id}/seat-map`)
  const { seats } = await owner('GET', `/events/${event.id}/availability`)
  const bits = Buffer.from(seats, 'base64')
  const all = map.sections.flatMap(({ rows }) => rows.flatMap((row) => row.seats))
  return all.filter((_, at) => ((bits[at >> 2] >> ((at & 3) * 2)) & 3) === 2)
}

test('a house drawn by mouse is saved, sold and edited, and the sold seat keeps its place', async () => {
  const { page } = session
  const venue = await venueFor(`Drawn House ${Date.now()}`)
  await open(venue, 'new')
  await assertAccessible('editor empty')
  const tool = (name) => page.getByRole('button', { name, exact: true }).click()
  await tool('Draw a stage')
  await drag([0.35, 0.16], [0.5, 0.2], [0.65, 0.24])
  await tool('Draw a section')
  await drag([0.1, 0.35], [0.3, 0.5], [0.42, 0.6])
  await tool('Draw a section')
  await drag([0.55, 0.35], [0.7, 0.5], [0.88, 0.6])
  await tool('Draw a standing area')
  await drag([0.25, 0.7], [0.5, 0.75], [0.75, 0.86])
  assert.equal((await outline()).length, 4)
  await assertAccessible('editor drawn')
  await page.getByRole('button', { name: 'Undo: draw an area' }).click()
  assert.equal((await outline()).length, 3)
  await page.getByRole('button', { name: 'Redo: draw an area' }).click()
  assert.equal((await outline()).length, 4)

  const dialog = await save()
  await assertAccessible('editor saved')
  await dialog.getByRole('button', { name: 'Done' }).click()
  const [first] = await versions(venue)
  assert.ok(first.seats > 50)
  await page.waitForURL(`**/${first.id}`)
  await page.getByRole('application').waitFor()

  const event = await eventOn(venue, first)
  const geometry = await owner('GET', `/events/${event.id}/seat-map`)
  const [bought, other] = geometry.sections[0].rows[0].seats
  const order = await buy(event, [bought.id, other.id])
  assert.ok(
    ['completed', 'placed', 'sold', 'authorized'].includes(order.state ?? order.status),
    JSON.stringify(order).slice(0, 200),
  )

  await open(venue, first.id)
  await page.getByRole('treeitem').first().click()
  await page.getByRole('button', { name: 'Add a row', exact: true }).click()
  const box = await page.getByRole('application').boundingBox()
  assert.ok(box)
  await drag([0.26, 0.45], [0.3, 0.47], [0.24, 0.52])
  await page.getByRole('button', { name: 'Undo: move' }).waitFor()
  await page.locator('header').first().getByRole('button', { name: 'Save version' }).click()
  const again = page.getByRole('dialog')
  await again.getByText('2 sold, 0 held, 0 blocked: all keep their place.').waitFor()
  await assertAccessible('editor fate')
  await again.getByRole('button', { name: 'Save version' }).click()
  await again.getByRole('button', { name: 'Move to version 2' }).click()
  await again.getByText('Moved', { exact: true }).waitFor()
  const sold = await soldSeats(event)
  assert.deepEqual(
    sold.map(({ id }) => id),
    [bought.id, other.id],
  )
  assert.notEqual(sold[0].y, bought.y)
  const [second] = await versions(venue)
  assert.equal(second.seats, first.seats + geometry.sections[0].rows.at(-1).seats.length)

  await again.getByRole('button', { name: 'Done' }).click()
  await page.waitForURL(`**/${second.id}`)
  await page.getByText('Version 2', { exact: false }).first().waitFor()

  // Without the sold seats the server refuses, and the dialog says so before and after.
  await page.getByRole('application').waitFor()
  await page.getByRole('treeitem').first().click()
  await page
    .getByRole('complementary', { name: 'Properties' })
    .getByRole('button', { name: 'Delete' })
    .click()
  await page.locator('header').first().getByRole('button', { name: 'Save version' }).click()
  await page.getByText(`Would lose seats in use: ${bought.id}, ${other.id}`).waitFor()
  await page.getByRole('dialog').getByRole('button', { name: 'Save version' }).click()
  await page.getByRole('button', { name: 'Move to version 3' }).click()
  await page
    .getByText(`The server refused: these seats stand in the way: ${bought.id}, ${other.id}`)
    .waitFor()
  await assertAccessible('editor refused')
  assert.deepEqual(
    (await soldSeats(event)).map(({ id }) => id),
    [bought.id, other.id],
  )
  await page.getByRole('dialog').getByRole('button', { name: 'Done' }).click()
  assert.deepEqual(session.errors, [])
})

test('a house is drawn, checked and saved with the keyboard alone', async () => {
  const { page } = session
  const venue = await venueFor(`Typed House ${Date.now()}`)
  await open(venue, 'new')
  const press = (...keys) =>
    keys.reduce((done, key) => done.then(() => page.keyboard.press(key)), Promise.resolve())
  /** Goes on with Tab to the control of this name. */
  const reach = async (name, role) => {
    const seen = []
    for (let steps = 0; steps < 150; steps++) {
      const found = await page.evaluate(() => {
        const here = document.activeElement
        const label = here?.id && document.querySelector(`label[for="${CSS.escape(here.id)}"]`)?.textContent
        return {
          role: here?.getAttribute('role') ?? here?.tagName.toLowerCase(),
          name: (here?.getAttribute('aria-label') || label || here?.textContent || '').trim(),
        }
      })
      if (found.name.startsWith(name) && (!role || found.role === role)) return
      seen.push(`${found.role} ${found.name.slice(0, 20)}`)
      await press('Tab')
    }
    throw new Error(`Tab does not reach ${name}: ${seen.join(' | ')}`)
  }
  const add = async (kind) => {
    await reach('Add', 'button')
    await press('Enter')
    await reach(kind, 'button')
    await press('Enter')
    await page.getByRole('dialog').waitFor()
  }
  const fill = async (name, text) => {
    await reach(name, 'input')
    await press('ControlOrMeta+A')
    await page.keyboard.type(text)
  }

  await add('Section')
  await fill('Name', 'Stalls')
  await fill('Rows', '6')
  await fill('Seats in a row', '12')
  await fill('Curve radius', '900')
  await press('Enter')
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  await add('Section')
  await fill('Name', 'Circle')
  await fill('Rows', '3')
  await fill('Aisles after seats', '5')
  await press('Enter')
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  await add('Standing area')
  await fill('Name', 'Floor')
  await fill('Places', '150')
  await press('Enter')
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  assert.deepEqual(
    (await outline()).map((text) => text.replace(/[\d,].*/, '')),
    ['Stalls', 'Circle', 'Floor'],
  )

  // Into the rows of the first section: its first row is for wheelchairs, one seat of it for a companion.
  await reach('Floor', 'treeitem')
  await press('Home', 'ArrowRight', 'ArrowDown', 'Space')
  await page.getByRole('heading', { name: 'Row A in Stalls' }).waitFor()
  await reach('1, Standard', 'button')
  await press('Enter')
  await page.getByRole('heading', { name: 'Seat 1, row A in Stalls' }).waitFor()
  await page.evaluate(() => document.querySelector('aside:last-of-type input')?.focus())
  await reach('Wheelchair place', 'input')
  await press('Space')

  const mend = async () => {
    await page.evaluate(() => document.querySelector('header a')?.focus())
    await reach('Checks', 'button')
    await press('Enter')
    await page.getByText('wheelchair places without a companion seat').waitFor()
    await assertAccessible('editor checks')
    await reach('Mend', 'button')
    await press('Enter')
    await page.getByText('Nothing to mend').waitFor()
    await press('Escape')
  }
  await mend()

  // Arrow keys move what is chosen, on the drawing itself.
  await page.evaluate(() => document.querySelector('header a')?.focus())
  await reach('Drawing of the seat map', 'application')
  await press('Control+A', 'ArrowDown', 'ArrowDown')
  await page.getByRole('button', { name: 'Undo: move' }).waitFor()
  await page.evaluate(() => document.querySelector('header a')?.focus())
  await reach('Save version', 'button')
  await press('Enter')
  await reach('Save version', 'button')
  await page.getByRole('dialog').waitFor()
  await page.evaluate(() => document.querySelector('dialog[open] button')?.focus())
  await reach('Save version', 'button')
  await press('Enter')
  await page.getByText('Version 1 is saved').waitFor()
  const [saved] = await versions(venue)
  assert.equal(saved.seats, 6 * 12 + 3 * 20)
  assert.equal(saved.capacity, saved.seats + 150)
  await page.evaluate(() => document.querySelector('dialog[open] button')?.focus())
  await reach('Done', 'button')
  await press('Enter')
  await page.waitForURL(`**/${saved.id}`)

  const event = await eventOn(venue, saved)
  const geometry = await owner('GET', `/events/${event.id}/seat-map`)
  const row = geometry.sections[0].rows[0].seats
  assert.equal(row[0].accessible, true)
  assert.equal(row[1].companion, true)
  const circle = geometry.sections[1].rows[0].seats
  assert.ok(circle[5].x - circle[4].x > 1.9 * (circle[1].x - circle[0].x))
  await buy(event, [geometry.sections[1].rows[0].seats[3].id])
  assert.equal((await soldSeats(event)).length, 1)
  assert.deepEqual(session.errors, [])
})

test('a draft comes back after the page was left, a stadium opens, and a seating plan is converted', async () => {
  const { page } = session
  const venue = await venueFor(`Left House ${Date.now()}`)
  await open(venue, 'new')
  await page.getByRole('button', { name: 'Draw a section', exact: true }).click()
  await drag([0.2, 0.3], [0.5, 0.5], [0.7, 0.6])
  await page.getByText('Draft kept in this browser').waitFor()
  const drawn = await outline()
  await page.reload()
  await page.getByText(/Your draft of .* is back/).waitFor()
  assert.deepEqual(await outline(), drawn)

  await page.locator('header').first().getByRole('button', { name: 'File' }).click()
  const plan = {
    name: 'Small hall',
    categories: [{ name: 'Parkett', color: 'red' }],
    zones: [
      {
        name: 'Saal',
        position: { x: 50, y: 50 },
        rows: [
          {
            row_number: 'A',
            position: { x: 0, y: 0 },
            seats: [1, 2, 3].map((n) => ({
              seat_guid: `g${n}`,
              seat_number: String(n),
              position: { x: n * 30, y: 0 },
              category: 'Parkett',
            })),
          },
        ],
      },
    ],
  }
  const file = { name: 'plan.json', mimeType: 'application/json', buffer: Buffer.from(JSON.stringify(plan)) }
  await page.getByLabel('Choose a JSON file').setInputFiles(file)
  await page.getByText('A seating plan: 1 zones').waitFor()
  await assertAccessible('editor file')
  await page.getByRole('button', { name: 'Convert and save as a version' }).click()
  await page.getByText('Saved as version 1.').waitFor()
  assert.equal((await versions(venue))[0].seats, 3)

  const { events } = server.world
  const stadium = events.find(({ capacity, organizer }) => capacity === 80_000 && organizer === org)
  const { seatMapId } = await owner('GET', `/organizers/${org}/events/${stadium.id}`)
  await page.goto(`/organizer/${org}/venues/${stadium.venue}/seat-maps/${seatMapId}`)
  await page.getByText('80,000 seats').waitFor()
  await page.getByRole('treeitem').nth(3).click()
  await assertAccessible('editor stadium')
  assert.deepEqual(session.errors, [])
})

test('tables, the brush, rows and every dialog work by mouse, on a phone too', async () => {
  const { page } = session
  const venue = await venueFor(`Tried House ${Date.now()}`)
  await open(venue, 'new')
  const tool = (name) => page.getByRole('button', { name, exact: true }).click()
  const panel = page.getByRole('complementary', { name: 'Properties' })
  await page.getByRole('button', { name: 'Add a level' }).click()
  await page.getByRole('textbox', { name: /Name level2/ }).fill('Gallery')
  await page.keyboard.press('Enter')
  await tool('Draw a section')
  await drag([0.15, 0.3], [0.3, 0.4], [0.5, 0.5])
  await page.getByRole('textbox', { name: 'Curve radius' }).fill('800')
  await page.keyboard.press('Enter')
  await page.getByLabel('Every second row half a seat aside').check()
  await tool('Place a table')
  await drag([0.7, 0.7])
  await drag([0.85, 0.7])
  assert.equal((await outline())[1].startsWith('Tables'), true)
  await panel.getByRole('heading', { name: 'Row T2 in Tables' }).waitFor()
  await tool('Paint levels and marks')
  await page.locator('label', { hasText: 'Gallery' }).first().click()
  await drag([0.16, 0.34], [0.3, 0.36], [0.48, 0.34])
  await page.getByRole('button', { name: 'Undo: paint' }).waitFor()
  await tool('Select and move')
  await page.getByRole('radio', { name: 'Rows' }).check()
  await page.getByRole('application').focus()
  await page.keyboard.press('Escape')
  await drag([0.12, 0.28], [0.3, 0.4], [0.52, 0.56])
  await panel.getByRole('heading', { name: /things chosen/ }).waitFor()
  await assertAccessible('editor rows')
  await panel.getByRole('button', { name: 'Turn right' }).click()
  await panel.getByRole('button', { name: 'Mirror' }).click()
  await panel.getByRole('button', { name: 'Duplicate' }).click()
  await panel.getByRole('button', { name: 'Delete' }).click()
  const steps = [
    'delete',
    'duplicate',
    'mirror',
    'turn',
    'paint',
    'place a table',
    'place a table',
    'shape rows',
  ]
  for (const step of steps) await page.getByRole('button', { name: `Undo: ${step}` }).click()
  assert.equal((await outline()).length, 1)
  for (const _ of steps) await page.getByRole('button', { name: /^Redo: / }).click()

  for (const [button, heading] of [
    ['Checks', 'Checks'],
    ['Versions', 'Versions'],
    ['Keys', 'Keys'],
    ['Save version', 'Save as a new version'],
  ]) {
    await page.locator('header').first().getByRole('button', { name: button }).click()
    await page.getByRole('dialog').getByRole('heading', { name: heading }).waitFor()
    await assertAccessible(`editor dialog ${button.toLowerCase()}`)
    await page.keyboard.press('Escape')
  }
  for (const kind of ['Section', 'Standing area', 'Table', 'Stage or bar']) {
    await page.getByRole('button', { name: 'Add', exact: true }).click()
    await page.getByRole('button', { name: kind, exact: true }).click()
    await page.getByRole('dialog').waitFor()
    await assertAccessible(`editor add ${kind.toLowerCase()}`)
    await page.keyboard.press('Escape')
  }
  await page.setViewportSize({ width: 390, height: 844 })
  await page.waitForTimeout(300)
  await assertAccessible('editor phone')
  const wide = await page.evaluate(() => document.documentElement.scrollWidth)
  assert.ok(wide <= 390, `the page is ${wide} wide`)
  await page.setViewportSize({ width: 1280, height: 800 })

  // Any version opens, whether or not an event uses it; what is none says so.
  const map = await owner('POST', `/organizers/${org}/venues/${venue.id}/seat-maps`, {
    width: 100,
    height: 100,
    levels: [{ key: 'a', name: 'A' }],
    areas: [{ id: 'floor', name: 'Floor', capacity: 10, level: 'a' }],
  })
  await open(venue, map.id)
  assert.deepEqual(await outline(), ['Floor10, 10 places'])
  await page.goto(`/organizer/${org}/venues/${venue.id}/seat-maps/map_01h455vb4pex5vsknk084sn02q`)
  await page.getByText('Nothing here').waitFor()
  await assertAccessible('editor unknown')
  assert.deepEqual(session.errors, [])
})
