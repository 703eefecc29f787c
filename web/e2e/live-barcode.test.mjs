import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { generationOf, liveText, shownText } from './barcode.mjs'
import { device, launch, scan, signIn, start, verdict, violations } from './door-browser.mjs'
import { startWorld } from './door-world.mjs'
import { counted, PATIENCE_MS } from './harness.mjs'

let world, stop, browser, event, tickets

before(async () => {
  ;({ world, stop } = await startWorld())
  event = await world.openEvent('Phones Alone')
  // While they could be: the texts of these are those of prints.
  tickets = await world.buy(event, 4)
  await world.call(world.account('owner-cellar'), 'PATCH', eventPath(), { barcodes: 'live' })
  browser = await launch()
})

after(async () => {
  await browser?.close()
  await stop?.()
})

const eventPath = () => `/organizers/${world.organizer.id}/events/${event.id}`

/** A ticket on its owner's phone, which has been told all it needs. */
async function phone({ fan, id }, options) {
  const context = await browser.newContext({
    baseURL: world.origin,
    viewport: { width: 390, height: 844 },
    locale: 'en-GB',
    ...options,
  })
  context.setDefaultTimeout(90_000)
  await signIn(context, fan)
  const page = await context.newPage()
  await page.goto(`/tickets?ticket=${id}`)
  await page.getByRole('img', { name: /Barcode of this ticket/ }).waitFor()
  return page
}

/** Shows what is good now. Where this machine stood still over it, it is shown anew: the ticket is as good as before. */
async function letIn(door, text) {
  const answer = door.getByRole('dialog', { name: /^(Come in|Not live)$/ })
  for (let attempt = 0; attempt < 3; attempt++) {
    await scan(door, await text())
    await answer.waitFor()
    if ((await answer.getByText('Come in').count()) > 0) return
    await door.getByRole('button', { name: 'Next' }).click()
  }
  throw new Error('a live barcode is not let in')
}

/** The text on the phone once it is another one. */
async function next(page, before) {
  const end = Date.now() + PATIENCE_MS
  while (Date.now() < end) {
    const text = await shownText(page)
    if (text !== before) return text
    await page.waitForTimeout(250)
  }
  throw new Error('the barcode did not change')
}

test('a phone without a network shows a barcode that changes, and a door without a network takes it once', async () => {
  const ticket = tickets.pop()
  const [page, door] = await Promise.all([phone(ticket), device(browser, world, event, 'North')])
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined))
  await door.evaluate(() => navigator.serviceWorker.ready.then(() => undefined))
  await page.context().setOffline(true)
  await door.context().setOffline(true)
  await page.reload()
  await page.getByRole('img', { name: /Barcode of this ticket/ }).waitFor()
  const first = await shownText(page)
  const second = await next(page, first)
  assert.deepEqual([first, second].map(generationOf), [1, 1])

  await letIn(door, () => shownText(page))
  await scan(door, await next(page, await shownText(page)))
  assert.match(await verdict(door, 'Already used'), /gate North/)

  await door.context().setOffline(false)
  await door.getByRole('button', { name: /^Online$/ }).waitFor()
  const owner = world.account('owner-cellar')
  const { items } = await world.json(owner, 'GET', `${eventPath()}/attendees?ticket=${ticket.id}`)
  assert.equal(items[0].status, 'used')
  await Promise.all([page.context().close(), door.context().close()])
})

for (const network of ['with', 'without'])
  test(`a picture of a barcode and a print are turned away ${network} a network, and the ticket stays good`, async () => {
    const ticket = tickets.pop()
    const live = await world.live(ticket)
    const door = await device(browser, world, event, 'North')
    if (network === 'without') {
      await door.evaluate(() => navigator.serviceWorker.ready.then(() => undefined))
      await door.context().setOffline(true)
      await door.reload()
      await start(door)
    }
    await scan(door, ticket.text)
    assert.match(await verdict(door, 'Not live'), /open the ticket in your account/)
    await door.getByRole('button', { name: 'Next' }).click()
    await scan(door, liveText(live, Date.now() - 90_000))
    await verdict(door, 'Not live')
    // Somebody who saw one code and guesses the next.
    const shown = liveText(live, Date.now() - 15_000)
    const now = liveText(live, Date.now())
    await scan(door, `${now.slice(0, 159)}${shown.slice(159)}`)
    await verdict(door, 'Forged')
    await letIn(door, () => liveText(live, Date.now()))
    await door.context().close()
  })

test('the keys of an event that is over are not kept at the door', async () => {
  const door = await device(browser, world, event, 'North')
  const keptEvents = (changes) =>
    door.evaluate(async (changes) => {
      const done = (request) =>
        new Promise((resolve, reject) => {
          request.onsuccess = () => resolve(request.result)
          request.onerror = () => reject(request.error)
        })
      const database = await done(indexedDB.open('door'))
      const store = database.transaction('packs', 'readwrite').objectStore('packs')
      for (const pack of changes ? await done(store.getAll()) : [])
        await done(store.put({ ...pack, ...changes }))
      const ids = await done(store.getAllKeys())
      database.close()
      return ids
    }, changes)
  await door.getByRole('button', { name: 'Pause' }).click()
  await door.getByText('The list of tickets is on this device').waitFor()
  await door.goto('/door')
  await door.getByRole('heading', { name: 'Ready on this device' }).waitFor()
  const past = (hours) => new Date(Date.now() - hours * 3_600_000).toISOString()
  assert.deepEqual(await keptEvents({ doorsAt: past(9), startsAt: past(8), endsAt: past(5) }), [event.id])
  await door.reload()
  await door.getByRole('heading', { name: 'Cellar 58 Concerts' }).waitFor()
  await counted(door.getByRole('heading', { name: 'Ready on this device' }), 0)
  assert.deepEqual(await keptEvents(), [])
  await door.context().close()
})

test('the organizer decides whether prints are good, and fans are told', async () => {
  const ticket = tickets.pop()
  const page = await phone(ticket)
  await page.getByText('Show it on a phone: prints are not taken here.').waitFor()
  await page.getByRole('button', { name: 'New barcode' }).waitFor()
  assert.equal(await page.getByRole('link', { name: 'PDF' }).isVisible(), false)
  assert.deepEqual(await violations(page), [])
  await page.goto(`/events/${event.id}`)
  await page.getByText('Tickets are shown on a phone').waitFor()

  const context = await browser.newContext({ baseURL: world.origin, locale: 'en-GB' })
  context.setDefaultTimeout(90_000)
  await signIn(context, world.account('owner-cellar'))
  const owner = await context.newPage()
  await owner.goto(`/organizer/${world.organizer.id}/events/${event.id}`)
  await owner.getByLabel('Doors take').selectOption({ label: 'Phones and prints' })
  const saved = owner.waitForResponse((answer) => answer.request().method() === 'PATCH')
  await owner.getByRole('button', { name: 'Save', exact: true }).click()
  assert.equal((await saved).status(), 200)
  await page.goto(`/tickets?ticket=${ticket.id}`)
  await page.getByRole('link', { name: 'PDF' }).waitFor()
  await Promise.all([context.close(), page.context().close()])
})
