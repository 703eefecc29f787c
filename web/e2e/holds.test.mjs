import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import {
  counted,
  eventNamed,
  holdBest,
  holdEach,
  launch,
  orders,
  organize,
  PATIENCE_MS,
  register,
  somebody,
  startServer,
  visitor,
  witness,
} from './harness.mjs'
import { caller } from './people.mjs'

let server
let browser
before(async () => {
  server = await startServer()
  browser = await launch()
})
after(async () => {
  await browser?.close()
  await server?.stop()
})

const MINUTES = 60_000
const WARNING = 'Less than half a minute left'
const RAN_OUT = 'Your hold ran out and the places are back on sale.'
const bar = (page) => page.getByRole('complementary', { name: 'Seats held for you' })
const pay = (page) => page.getByRole('button', { name: /^Pay/ })

/** The device's clock is wrong by this much; the server's is not. */
const setClock = (context, wrongByMs) =>
  context.addInitScript((ms) => {
    const Right = Date
    globalThis.Date = class extends Right {
      constructor(...time) {
        super(...(time.length === 0 ? [Right.now() + ms] : time))
      }
      static now() {
        return Right.now() + ms
      }
    }
  }, wrongByMs)

for (const [way, wrongBy] of [
  ['ahead', 10 * MINUTES],
  ['behind', -10 * MINUTES],
]) {
  test(`a device whose clock is ten minutes ${way} counts by the server's and buys`, async () => {
    const { context, page, errors } = await visitor(browser, server.url)
    await setClock(context, wrongBy)
    await register(page, somebody())
    await holdBest(page, server.url, 'Midnight Brass')
    await page.waitForURL(/\/checkout/)
    await page
      .getByRole('timer')
      .filter({ hasText: /^(5:00|4:\d\d|3:\d\d)/ })
      .waitFor()
    await page.goto('/')
    await bar(page).getByText('2 places held').waitFor()
    await bar(page).getByRole('link', { name: 'To checkout' }).click()
    await pay(page).click()
    await page.getByRole('heading', { name: 'You are going!' }).waitFor()
    assert.deepEqual(errors, [])
    await context.close()
  })
}

test('a hold that runs out is warned of and said to be over, in checkout and in the bar of another tab', async () => {
  const event = await eventNamed(server.url, 'The Paper Whale')
  // Long enough that the warning, 30 s before the end, comes after the page has said what is held.
  await organize(server, event.id, 'PATCH', '', { holdSeconds: 36 })
  const { context, page, errors } = await visitor(browser, server.url)
  await witness(context, WARNING, RAN_OUT)
  await register(page, somebody())
  const other = await context.newPage()
  await other.goto(`/events/${event.id}`)
  await other.getByRole('button', { name: /^Hold the best/ }).waitFor()
  await holdBest(page, server.url, 'The Paper Whale')
  await page.waitForURL(/\/checkout/)
  await bar(other).getByText('2 places held').waitFor()

  const end = { timeout: 2 * PATIENCE_MS }
  await page.getByRole('heading', { name: 'The hold ran out' }).waitFor(end)
  await other.waitForFunction((text) => window.seen.includes(text), RAN_OUT, end)
  await bar(other).waitFor({ state: 'detached' })
  for (const one of [page, other]) assert.ok((await one.evaluate(() => window.seen)).includes(WARNING))
  await page.getByRole('link', { name: 'Choose again' }).click()
  await page.getByRole('button', { name: /^Hold the best/ }).waitFor()
  assert.deepEqual(errors, [])
  await context.close()
})

test('several holds stand in the bar, each can be given back, and one checkout pays them all', async () => {
  const { context, page, errors } = await visitor(browser, server.url)
  await register(page, somebody())
  await holdEach(page, server.url, ['Midnight Brass', 'Northern Lights Tour', 'Open Mic Monday'])
  await page.goto('/')
  await bar(page).getByRole('timer').nth(2).waitFor()
  await bar(page).getByRole('button', { name: 'Give back: Northern Lights Tour' }).click()
  await bar(page).getByText('Northern Lights Tour').waitFor({ state: 'detached' })
  await counted(bar(page).getByRole('timer'), 2)
  await bar(page).getByRole('link', { name: 'To checkout' }).click()
  await page.getByRole('heading', { name: 'Midnight Brass' }).waitFor()
  await page.getByRole('heading', { name: 'Open Mic Monday' }).waitFor()
  await pay(page).click()
  await page.getByRole('heading', { name: 'You are going!' }).waitFor()
  const [order, ...others] = await orders(page)
  assert.equal(others.length, 0)
  assert.equal(order.holds.length, 2)
  await counted(bar(page), 0)
  assert.deepEqual(errors, [])
  await context.close()
})

test('in a checkout of two holds one is given back, and the other is still there to be paid', async () => {
  const { context, page } = await visitor(browser, server.url)
  await register(page, somebody())
  const ids = []
  for (const name of ['Midnight Brass', 'Open Mic Monday']) {
    await holdBest(page, server.url, name, 1)
    await page.waitForURL(/\/checkout/)
    ids.push(new URL(page.url()).searchParams.get('hold'))
  }
  await page.goto(`/checkout?hold=${ids.join(',')}`)
  await page.getByRole('button', { name: 'Give these places back' }).nth(1).click()
  await page.waitForURL(`**/checkout?hold=${ids[0]}`)
  await page.getByRole('heading', { name: 'Open Mic Monday' }).waitFor({ state: 'detached' })
  await pay(page).waitFor()

  // Given back elsewhere, it is over here as well, and what is left is gone on with.
  await holdBest(page, server.url, 'Open Mic Monday', 1)
  await page.waitForURL(/\/checkout/)
  const again = new URL(page.url()).searchParams.get('hold')
  await page.goto(`/checkout?hold=${ids[0]},${again}`)
  await page.getByRole('heading', { name: 'Open Mic Monday' }).waitFor()
  const other = await context.newPage()
  await other.goto('/')
  await bar(other).getByRole('button', { name: 'Give back: Midnight Brass' }).click()
  await page.waitForURL(`**/checkout?hold=${again}`)
  await pay(page).waitFor()
  await context.close()
})

test("what is held in one tab is one's own on the map of another", async () => {
  const { context, page } = await visitor(browser, server.url, { viewport: { width: 1280, height: 900 } })
  await register(page, somebody())
  const event = await eventNamed(server.url, 'Midnight Brass')
  const other = await context.newPage()
  await other.goto(`/events/${event.id}`)
  await other.getByRole('heading', { name: 'Choose on the map' }).scrollIntoViewIfNeeded()
  await other.getByRole('button', { name: 'List', exact: true }).click()
  await page.goto(`/events/${event.id}`)
  await page.getByRole('button', { name: /^Hold the best/ }).click()
  await page.waitForURL(/\/checkout/)
  const place = page.getByRole('listitem').filter({ hasText: /row .* seat/ })
  const [, section, row, seat] = /^(.*), row (\w+), seat (\d+)/.exec(await place.first().textContent())
  await other.getByRole('combobox', { name: /seat/i }).fill(`${section} ${row} ${seat}`)
  await other.locator('[role=option]').first().waitFor()
  await other.getByRole('combobox', { name: /seat/i }).press('Enter')
  await other.locator('[role=gridcell][data-state=mine]').first().waitFor()
  await context.close()
})

test('a sale that is stopped closes on the open page by the word of the server', async () => {
  const { context, page } = await visitor(browser, server.url, { viewport: { width: 1280, height: 900 } })
  // What the page looks up by and by is not what tells it.
  await context.addInitScript(() => {
    const repeat = window.setInterval
    window.setInterval = (run, ms, ...more) => (ms >= 5_000 ? 0 : repeat(run, ms, ...more))
  })
  const event = await eventNamed(server.url, 'Northern Lights Tour', 1)
  await page.goto(`/events/${event.id}`)
  await page.getByRole('button', { name: /^Hold the best/ }).waitFor()
  await page.getByRole('heading', { name: 'Choose on the map' }).scrollIntoViewIfNeeded()
  await page.getByText('Live', { exact: true }).waitFor()
  await organize(server, event.id, 'POST', '/take-off-sale')
  await page.getByRole('heading', { name: 'Not on sale at the moment' }).waitFor()
  await context.close()
})

test('what somebody holds on another device is on this one too before it runs out', async () => {
  const event = await eventNamed(server.url, 'The Paper Whale', 3)
  await organize(server, event.id, 'PATCH', '', { holdSeconds: 40 })
  const { context, page, errors } = await visitor(browser, server.url)
  const person = somebody()
  await register(page, person, `/events/${event.id}`)
  await page.locator('#map').scrollIntoViewIfNeeded()
  await page.getByText('Live', { exact: true }).waitFor()
  const elsewhere = await caller(server.url, person)
  await elsewhere('POST', `/events/${event.id}/holds`, { bestAvailable: { quantity: 2 } })
  await bar(page).getByText('2 places held').waitFor()
  assert.deepEqual(errors, [])
  await context.close()
})
