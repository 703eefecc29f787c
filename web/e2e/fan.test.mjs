import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import {
  counted,
  fillRegistration,
  holdBest,
  keptBarcodes,
  launch,
  orders,
  register,
  somebody,
  startServer,
  visitor,
} from './harness.mjs'

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

test('a guest finds a show by a misspelt name, holds at once, signs up at the checkout, pays and has tickets', async () => {
  const { context, page, errors } = await visitor(browser, server.url)
  await page.goto('/')
  await page.getByLabel('Search events').fill('clokmaker')
  await page.waitForURL(/q=clokmaker/)
  await page.getByRole('link', { name: "The Clockmaker's Daughter" }).first().click()
  await page.getByRole('button', { name: 'More: Places' }).click()
  await page.getByRole('button', { name: 'Hold the best 3 places' }).click()

  await page.waitForURL(/\/checkout\?hold=hld_/)
  await page.getByRole('heading', { name: 'Who is paying?' }).waitFor()
  await fillRegistration(page, somebody())
  await page.getByRole('button', { name: /^Pay/ }).waitFor()
  await counted(page.getByRole('listitem').filter({ hasText: /row .* seat/ }), 3)
  assert.match(await page.getByRole('timer').textContent(), /4:\d\d|5:00/)
  await page.getByRole('button', { name: /^Pay/ }).click()

  await page.getByRole('heading', { name: 'You are going!' }).waitFor()
  assert.match(page.url(), /\/orders\/ord_/)
  await page.getByRole('link', { name: 'Show tickets' }).click()
  await page
    .getByRole('button', { name: /row .* seat/ })
    .first()
    .click()
  await page.getByRole('img', { name: /Barcode of this ticket/ }).waitFor()
  await page.getByText('Ticket 1 of 3').waitFor()
  await page.getByRole('button', { name: 'Next ticket' }).click()
  await page.getByText('Ticket 2 of 3').waitFor()

  // Without a network the barcodes are still there.
  await page.getByRole('button', { name: 'Close' }).click()
  await keptBarcodes(page, 3)
  assert.deepEqual(errors, [])
  await context.close()
})

test('a declined card charges nothing and leaves the places held for another try', async () => {
  const { context, page } = await visitor(browser, server.url)
  await register(page, somebody())
  await holdBest(page, server.url, 'Midnight Brass')
  await page.waitForURL(/\/checkout/)
  await page.getByText('Cards that go wrong').click()
  for (const card of ['Card that is declined', 'Card without enough money']) {
    await page.getByLabel(card).check()
    await page.getByRole('button', { name: /^Pay/ }).click()
    await page.getByRole('alert').filter({ hasText: 'declined and nothing was charged' }).waitFor()
    await page.getByText('Cards that go wrong').click()
  }
  await page.getByLabel('Card that pays').check()
  await page.getByRole('button', { name: /^Pay/ }).click()
  await page.getByRole('heading', { name: 'You are going!' }).waitFor()
  assert.equal((await orders(page)).filter(({ status }) => status === 'completed').length, 1)
  await context.close()
})

for (const [answer, ending] of [
  ['Approve', 'You are going!'],
  ['Reject', undefined],
]) {
  test(`a bank that asks first: the buyer answers "${answer}" on its page`, async () => {
    const { context, page } = await visitor(browser, server.url)
    await register(page, somebody())
    await holdBest(page, server.url, 'Midnight Brass')
    await page.waitForURL(/\/checkout/)
    await page.getByLabel('Card whose bank asks you first').check()
    await page.getByRole('button', { name: /^Pay/ }).click()
    await page.getByRole('link', { name: "Open the bank's page" }).click()
    await page.getByRole('heading', { name: 'Simulated bank' }).waitFor()
    await page.getByRole('button', { name: answer }).click()
    if (ending) await page.getByRole('heading', { name: ending }).waitFor()
    else await page.getByRole('alert').filter({ hasText: 'declined and nothing was charged' }).waitFor()
    await context.close()
  })
}

test('reloading while the money moves, in a second tab and by the back button, pays once', async () => {
  const { context, page } = await visitor(browser, server.url)
  await register(page, somebody())
  await holdBest(page, server.url, 'Midnight Brass')
  await page.waitForURL(/\/checkout/)
  const checkout = page.url()
  const second = await context.newPage()
  await second.goto(checkout)
  await second.getByRole('button', { name: /^Pay/ }).waitFor()

  await page.getByText('Cards that go wrong').click()
  await page.getByLabel('Bank that takes the money and loses its answer').check()
  await page.getByRole('button', { name: /^Pay/ }).click()
  await page.getByText('Talking to the bank').waitFor()
  await page.reload()
  // Unless it knows already that the first one pays.
  const again = second.getByRole('button', { name: /^Pay/ })
  if (await again.isVisible()) await again.click({ timeout: 5_000 }).catch(() => {})

  // Whichever of the two paid, both end at the order.
  for (const tab of [page, second]) await tab.waitForURL(/\/orders\/ord_/)
  await page.goto(checkout)
  await page.waitForURL(/\/orders\/ord_/)
  const paid = (await orders(page)).filter(({ status }) => status === 'completed')
  assert.equal(paid.length, 1)
  assert.equal(paid[0].tickets.length, 2)
  await context.close()
})

test('the hold is found again after a reload and from another page, and can be given back', async () => {
  const { context, page } = await visitor(browser, server.url)
  await register(page, somebody())
  await holdBest(page, server.url, 'Midnight Brass', 1)
  await page.waitForURL(/\/checkout/)
  await page.goto('/')
  const bar = page.getByRole('complementary', { name: 'Seats held for you' })
  await bar.getByText('1 place held').waitFor()
  await bar.getByRole('link', { name: 'To checkout' }).click()
  await page.getByRole('button', { name: 'Give these places back' }).click()
  await page.waitForURL(/\/events\//)
  await counted(bar, 0)
  await context.close()
})

test('a ticket is given back: what returns is said before, and the order says it after', async () => {
  const { context, page } = await visitor(browser, server.url)
  await register(page, somebody())
  await holdBest(page, server.url, 'Northern Lights')
  await page.waitForURL(/\/checkout/)
  await page.getByRole('button', { name: /^Pay/ }).click()
  await page.getByRole('heading', { name: 'You are going!' }).waitFor()
  await page.getByRole('button', { name: 'Give tickets back' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('checkbox').first().uncheck()
  const [before] = await orders(page)
  const [{ faceValue }] = await page.evaluate(
    async () => (await (await fetch('/api/v1/me/tickets')).json()).items,
  )
  assert.equal(before.total.amount, 2 * faceValue.amount)
  await dialog.getByText(`€${(faceValue.amount / 100).toFixed(2)}`).waitFor()
  await dialog.getByRole('button', { name: 'Give 1 ticket back' }).click()
  await dialog.waitFor({ state: 'hidden' })
  await page.getByText('Partly refunded').waitFor()
  const [order] = await orders(page)
  assert.deepEqual(order.refunded, faceValue)
  assert.equal(order.tickets.filter(({ status }) => status === 'issued').length, 1)
  await context.close()
})

test('a choice that was taken before the map could say so is refused in words', async () => {
  const first = await visitor(browser, server.url)
  const second = await visitor(browser, server.url)
  await register(first.page, somebody())
  await register(second.page, somebody())
  await holdBest(first.page, server.url, 'Paper Whale', 1)
  await first.page.waitForURL(/\/checkout/)
  const hold = new URL(first.page.url()).searchParams.get('hold')
  const { eventId, seats } = await first.page.evaluate(
    async (id) => (await fetch(`/api/v1/holds/${id}`)).json(),
    hold,
  )
  await second.page.route('**/seat-map', (route) => route.abort())
  await second.page.goto(`/events/${eventId}`)
  // What the map would hand over when the seat is picked there.
  await second.page.evaluate(
    ([event, seat]) => sessionStorage.setItem(`picks:${event}`, JSON.stringify({ seats: [seat], types: {} })),
    [eventId, seats[0].id],
  )
  await second.page.reload()
  await second.page.getByRole('button', { name: 'Hold 1 place' }).click()
  const [{ row, label }] = seats
  await second.page
    .getByRole('alert')
    .filter({
      hasText: new RegExp(`Just taken by somebody else: [A-Z][a-z].*, row ${row}, seat ${label}\\.`),
    })
    .waitFor()
  await first.context.close()
  await second.context.close()
})
