// From an empty sheet to a guest who is let in, each step on the page that people do it on.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { scan, start, verdict } from './door-browser.mjs'
import { launch, orders, register, somebody, startServer, visitor } from './harness.mjs'

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

/** In an hour by a clock in Berlin, as the form takes it: the doors are open by then. */
const inAnHour = () =>
  new Date(Date.now() + 3_600_000)
    .toLocaleString('sv-SE', { timeZone: 'Europe/Berlin' })
    .slice(0, 16)
    .replace(' ', 'T')

test('a map is drawn, published and sold from, and its ticket opens the door', async (t) => {
  const house = `Chain House ${Date.now().toString(36)}`
  const show = `${house} Opening`
  const owner = await visitor(browser, server.url, { viewport: { width: 1280, height: 800 } })
  const fan = await visitor(browser, server.url)
  const { page } = owner

  await t.test('an organizer draws the map of a venue', async () => {
    await register(page, somebody(), '/organizer')
    await page.getByLabel('Name', { exact: true }).fill(house)
    await page.getByRole('button', { name: 'Create organizer' }).click()
    await page.getByRole('link', { name: 'Venues' }).click()
    await page.getByRole('button', { name: 'New venue' }).click()
    const dialog = page.getByRole('dialog', { name: 'New venue' })
    await dialog.getByLabel('Name').fill(house)
    await dialog.getByLabel('City').fill('Berlin')
    await dialog.getByLabel('Country, two letters').fill('DE')
    await dialog.getByLabel('Time zone').selectOption('Europe/Berlin')
    await dialog.getByRole('button', { name: 'Add venue' }).click()
    await page.getByRole('heading', { name: house, level: 1 }).waitFor()
    await page.getByRole('link', { name: 'Draw a seat map' }).click()

    const sheet = page.getByRole('application')
    await sheet.waitFor()
    for (const [tool, from, to] of [
      ['Draw a stage', [0.35, 0.12], [0.65, 0.22]],
      ['Draw a section', [0.3, 0.4], [0.6, 0.65]],
    ]) {
      await page.getByRole('button', { name: tool, exact: true }).click()
      const box = await sheet.boundingBox()
      const at = ([x, y]) => [box.x + box.width * x, box.y + box.height * y]
      await page.mouse.move(...at(from))
      await page.mouse.down()
      await page.mouse.move(...at(to), { steps: 6 })
      await page.mouse.up()
    }
    await page.getByRole('treeitem').nth(1).waitFor()
    await page.locator('header').first().getByRole('button', { name: 'Save version' }).click()
    const save = page.getByRole('dialog', { name: 'Save as a new version' })
    await save.getByRole('button', { name: 'Save version' }).click()
    await save.getByText('Version 1 is saved').waitFor()
    await save.getByRole('button', { name: 'Done' }).click()
    await page.waitForURL(/seat-maps\/map_/)
    await page.getByRole('link', { name: 'Back to the venue' }).click()
    await page.getByRole('rowheader', { name: /Version 1/ }).waitFor()
  })

  await t.test('and puts an event on sale there', async () => {
    await page.getByRole('link', { name: 'Events', exact: true }).click()
    await page.getByRole('link', { name: 'New event' }).click()
    await page.getByLabel('Name of the event').fill(show)
    await page.getByLabel('Venue').selectOption({ label: `${house}, Berlin` })
    await page.getByLabel('Seat map').selectOption({ index: 1 })
    await page.getByLabel('Starts').fill(inAnHour())
    await page.getByLabel('Standard, EUR').fill('45.00')
    await page.getByRole('button', { name: 'Create draft' }).click()
    await page.getByRole('heading', { name: show, level: 1 }).waitFor()
    await page.getByRole('button', { name: 'Publish' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Publish' }).click()
    await page.getByText('Public, and sold in its sale windows.').waitFor()
  })

  let barcode
  await t.test('a fan finds it, picks a seat and pays', async () => {
    const { page } = fan
    await register(page, somebody())
    await page.goto(`/?q=${encodeURIComponent(show)}`)
    await page.getByRole('link', { name: show }).first().click()
    await page.getByRole('heading', { name: show, level: 1 }).waitFor()
    await page.getByRole('button', { name: 'List', exact: true }).click()
    await page
      .getByRole('button', { name: /\d+ of \d+ free|\d+ free/ })
      .first()
      .click()
    const seat = page.locator('[role=gridcell][data-seat]').first()
    await seat.click()
    await page.locator('[role=gridcell][data-state=picked]').waitFor()
    const choice = page.getByRole('region', { name: 'Your choice' })
    await choice.getByRole('button', { name: 'Hold 1 place' }).click()
    await page.waitForURL(/\/checkout/)
    await page.getByRole('button', { name: /^Pay/ }).click()
    await page.getByRole('heading', { name: 'You are going!' }).waitFor()
    const [order] = await orders(page)
    assert.equal(order.tickets.length, 1)
    await page.getByRole('link', { name: 'Show tickets' }).click()
    await page
      .getByRole('button', { name: /row .* seat/ })
      .first()
      .click()
    await page.getByRole('img', { name: /Barcode of this ticket/ }).waitFor()
    // What the picture says, as a scanner reads it.
    barcode = await page.evaluate(async (ticket) => {
      const answer = await fetch(`/api/v1/tickets/${ticket}/barcode?format=json`)
      return (await answer.json()).text
    }, order.tickets[0].id)
  })

  await t.test('the sale is seen', async () => {
    await page.getByRole('link', { name: 'Live sale' }).click()
    await page.waitForFunction(() =>
      /Sold1/.test(document.querySelector('section[aria-label="Sale so far"]')?.textContent),
    )
  })

  await t.test('and the guest is let in, once', async () => {
    const nav = page.getByRole('navigation', { name: 'Organizer' })
    await nav.getByRole('link', { name: 'Door scanner' }).click()
    await page.getByRole('link', { name: new RegExp(show) }).click()
    await start(page, 'Main')
    await scan(page, barcode)
    assert.match(await verdict(page, 'Come in'), /row .*seat/i)
    await scan(page, barcode)
    assert.match(await verdict(page, 'Already used'), /gate Main/)
    const [order] = await orders(fan.page)
    assert.equal(order.tickets[0].status, 'used')
  })

  assert.deepEqual([...owner.errors, ...fan.errors], [])
  await owner.context.close()
  await fan.context.close()
})
