import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { after, before, test } from 'node:test'
import { launch, PATIENCE_MS, somebody, startServer, visitor } from './harness.mjs'
import { serveSeats } from './seatmap-page.mjs'

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core'), 'utf8')

let server
let site
let browser
before(async () => {
  server = await startServer()
  site = await serveSeats(server.url)
  browser = await launch()
})
after(async () => {
  await browser?.close()
  await site?.stop()
  await server?.stop()
})

async function call(path, { token, ...options } = {}) {
  const answer = await fetch(`${server.url}/api/v1${path}`, {
    ...options,
    headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
  })
  const text = await answer.text()
  assert.ok(answer.ok, `${path}: ${answer.status} ${text}`)
  return text && JSON.parse(text)
}

const post = (path, body, token) => call(path, { method: 'POST', body: JSON.stringify(body), token })

/** A performance that no other test touches. */
let used = 0
async function eventNamed(name) {
  const { items } = await call(`/events?q=${encodeURIComponent(name)}&limit=20`)
  const event = items.filter((one) => one.name === name)[used++ % 3]
  assert.ok(event, name)
  return event.id
}

const signUp = async () => (await post('/auth/register', somebody())).accessToken
const hold = async (event, seats) => post(`/events/${event}/holds`, { seats }, await signUp())

/** As short as an organizer may make them. */
async function shortenHolds(event, seconds = 30) {
  const { organizerId } = await call(`/events/${event}`)
  const owner = server.world.accounts.find(
    ({ role, organizer }) => role === 'owner' && organizer === organizerId,
  )
  const { accessToken } = await post('/auth/login', { email: owner.email, password: owner.password })
  await call(`/organizers/${organizerId}/events/${event}`, {
    method: 'PATCH',
    body: JSON.stringify({ holdSeconds: seconds }),
    token: accessToken,
  })
}

/** Opens the page of an event's seats. */
async function open(event, options = {}) {
  const seen = await visitor(browser, site.url, {
    viewport: { width: 1280, height: 900 },
    reducedMotion: 'reduce',
    ...options,
  })
  await seen.page.goto(`/bench/seats.html?event=${event}`)
  await seen.page.getByRole('application').waitFor()
  await seen.page.getByText('Live', { exact: true }).waitFor()
  const said = (text) =>
    seen.page.locator('[data-said]').filter({ hasText: text }).waitFor({ state: 'attached' })
  return { ...seen, said }
}

async function find(page, text) {
  await page.getByRole('combobox').fill(text)
  await page.getByRole('option').first().waitFor()
  await page.getByRole('combobox').press('Enter')
}

const openList = (page) => page.getByRole('button', { name: 'List', exact: true }).click()
const cell = (page, seat) => page.locator(`[role=gridcell][data-seat][aria-label^="${seat}"]`)

test('a hold that runs out gives the seat back while somebody looks at it', async () => {
  const event = await eventNamed("The Clockmaker's Daughter")
  await shortenHolds(event)
  const { page, context, errors } = await open(event)
  await openList(page)
  await find(page, 'STALLS F 9')
  const seat = (state) => cell(page, 'Stalls, row F, seat 9,').and(page.locator(`[data-state=${state}]`))
  await seat('available').waitFor()
  await hold(event, ['STALLS-F-9', 'STALLS-F-10'])
  await seat('held').waitFor()
  assert.match(await seat('held').getAttribute('aria-label'), /held by someone else/)
  await seat('available').waitFor({ timeout: 2 * PATIENCE_MS })
  assert.deepEqual(errors, [])
  await context.close()
})

test('whoever holds seats is warned on the map before the hold ends, and told by nobody that a seat was taken', async () => {
  const event = await eventNamed("The Clockmaker's Daughter")
  // Long enough that the warning, 30 s before the end, comes after the page has said what is held.
  await shortenHolds(event, 36)
  const { page, context, errors } = await open(event)
  const person = somebody()
  await page.evaluate(async (body) => {
    const headers = { 'content-type': 'application/json', 'x-session': 'cookie' }
    const answer = await fetch('/api/v1/auth/register', {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
    })
    if (!answer.ok) throw new Error(await answer.text())
  }, person)
  await page.reload()
  await page.getByText('Live', { exact: true }).waitFor()
  await openList(page)
  await find(page, 'STALLS H 8')
  await page.keyboard.press('Space')
  await page.keyboard.press('ArrowRight')
  await page.keyboard.press('Space')
  await page.getByRole('button', { name: 'Hold', exact: true }).click()
  await page.locator('[role=gridcell][data-state=mine]').first().waitFor()
  await page.getByText(/expiring in \d+/).waitFor()
  assert.equal(await page.getByText('Somebody else was faster').count(), 0)
  assert.deepEqual(errors, [])
  await context.close()
})

test('map and list without the network say so, and catch up when it is back', async () => {
  const event = await eventNamed("The Clockmaker's Daughter")
  const { page, context, errors } = await open(event)
  await openList(page)
  await find(page, 'STALLS C 4')
  const seat = (state) => cell(page, 'Stalls, row C, seat 4,').and(page.locator(`[data-state=${state}]`))
  await seat('available').waitFor()
  await context.setOffline(true)
  await page.getByText('Offline: seats may have changed').waitFor()
  await page.getByRole('button', { name: 'Map', exact: true }).click()
  await page.getByText('Offline: seats may have changed').waitFor()
  await hold(event, ['STALLS-C-4', 'STALLS-C-5'])
  await context.setOffline(false)
  await page.getByText('Live', { exact: true }).waitFor()
  await openList(page)
  await find(page, 'STALLS C 4')
  await seat('held').waitFor()
  assert.deepEqual(errors, [])
  await context.close()
})

test('the list has the same seats with full names, numbered as if all were there', async () => {
  const event = await eventNamed('Northern Lights Tour')
  await hold(event, ['102-3-2'])
  const { page, context, said, errors } = await open(event)
  await openList(page)
  const section = page.getByRole('button', { name: /^Lower tier 102, far side/ })
  assert.match(await section.textContent(), /682 of 683 free/)
  await page.getByRole('button', { name: /^Lower tier 101/ }).focus()
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Enter')
  const grid = page.getByRole('grid', { name: 'Seats of Lower tier 102, far side' })
  await grid.waitFor()
  const total = Number(await grid.getAttribute('aria-rowcount'))
  const there = await grid.getByRole('row').count()
  assert.ok(there < total, `${there} of ${total} rows are there`)
  await page.keyboard.press('Control+Home')
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Home')
  const focused = () => page.evaluate(() => document.activeElement?.getAttribute('aria-label'))
  assert.equal(await focused(), 'Lower tier 102, far side, row 3, seat 1, €174.30, available, on the aisle')
  await page.keyboard.press('ArrowRight')
  assert.equal(await focused(), 'Lower tier 102, far side, row 3, seat 2, €174.30, held by someone else')
  await page.keyboard.press('Space')
  await said('held by someone else')
  await page.keyboard.press('n')
  await page.waitForFunction(() =>
    document.activeElement?.getAttribute('aria-label')?.includes('row 3, seat 3,'),
  )
  await page.keyboard.press('Space')
  await said('picked. 1 seat in all.')
  assert.match(await focused(), /your choice/)
  await page.keyboard.press('Control+End')
  await page.waitForFunction(
    (last) => document.activeElement?.closest('[role=row]')?.getAttribute('aria-rowindex') === last,
    String(total),
  )
  assert.match(await focused(), /row W, seat \d+, .*companion seat|wheelchair space/)
  await page.keyboard.press('Escape')
  await page.waitForFunction(() => document.activeElement?.textContent?.startsWith('Lower tier 102'))
  assert.deepEqual(errors, [])
  await context.close()
})

test('lone seats are pointed out, and taken along with one press', async () => {
  const event = await eventNamed("The Clockmaker's Daughter")
  const { page, context } = await open(event)
  await openList(page)
  await find(page, 'STALLS K 2')
  await page.keyboard.press('Space')
  await page
    .getByText(/Stalls, row K, seat 1 would be left alone/)
    .first()
    .waitFor()
  await page.getByRole('button', { name: 'Take it too' }).click()
  await cell(page, 'Stalls, row K, seat 1,').and(page.locator('[data-state=picked]')).waitFor()
  assert.equal(await page.getByText('would be left alone').count(), 0)
  await context.close()
})

for (const colorScheme of ['light', 'dark']) {
  test(`axe finds nothing on map, list and heat map, ${colorScheme}`, async () => {
    const violations = async (page) => {
      await page.evaluate(axe)
      const found = await page.evaluate(() => window.axe.run({ resultTypes: ['violations'] }))
      return found.violations.map(
        ({ id, nodes }) =>
          `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join('\n')}`,
      )
    }
    const event = await eventNamed('Northern Lights Tour')
    await hold(event, ['101-5-3'])
    const { page, context } = await open(event, { colorScheme })
    await find(page, '101 5 4')
    await page.getByRole('application').focus()
    await page.keyboard.press('Enter')
    assert.deepEqual(await violations(page), [])
    await openList(page)
    assert.deepEqual(await violations(page), [])
    await find(page, '101 5 4')
    await page.getByRole('grid').waitFor()
    assert.deepEqual(await violations(page), [])
    await page.goto(`/bench/seats.html?event=${event}&heat`)
    await page.getByRole('application').waitFor()
    await page.getByText('Seats by section').click()
    assert.deepEqual(await violations(page), [])
    const club = await eventNamed('Midnight Brass')
    await page.goto(`/bench/seats.html?event=${club}`)
    await page.getByRole('application').waitFor()
    await openList(page)
    await page.getByText('Standing').first().waitFor()
    assert.deepEqual(await violations(page), [])
    await context.close()
  })
}
