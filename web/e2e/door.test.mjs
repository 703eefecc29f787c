import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { device, film, forged, launch, scan, start, verdict, violations } from './door-browser.mjs'
import { startWorld } from './door-world.mjs'

let world, stop, browser, event, tickets

before(async () => {
  ;({ world, stop } = await startWorld())
  event = await world.openEvent('Night of the Open Doors')
  tickets = await world.buy(event, 20)
  browser = await launch()
})

after(async () => {
  await browser?.close()
  await stop?.()
})

/** A ticket that no other test has used. */
const next = () => tickets.pop()

/** Swaps two characters of what the signature covers. */

test('a hand scanner is heard wherever the focus is, and a ticket lets in once', async () => {
  const page = await device(browser, world, event, 'North')
  const { text } = next()
  await scan(page, text)
  assert.match(await verdict(page, 'Come in'), /Floor/)
  await scan(page, text)
  assert.match(await verdict(page, 'Already used'), /gate North/)
  await page.getByRole('button', { name: 'Next' }).click()

  await page.getByRole('button', { name: 'By hand' }).click()
  const field = page.getByLabel('Text of the barcode')
  await field.fill('half a word')
  await scan(page, next().text)
  await verdict(page, 'Come in')
  await page.getByRole('dialog', { name: 'Come in' }).waitFor({ state: 'hidden' })
  assert.equal(await field.inputValue(), 'half a word')
  await page.context().close()
})

test('why a ticket is refused is said to staff and for the guest', async () => {
  const page = await device(browser, world, event, 'North')
  const reissued = next()
  await world.call(reissued.fan, 'POST', `/tickets/${reissued.id}/reissue`, {})
  await scan(page, reissued.text)
  assert.match(await verdict(page, 'Not valid'), /newer barcode[\s\S]*Tell the guest/)
  await scan(page, await world.barcode(reissued.fan, reissued.id))
  await verdict(page, 'Come in')

  const other = await world.openEvent('Another Night')
  const [elsewhere] = await world.buy(other, 1)
  await page.reload()
  await start(page)
  await scan(page, elsewhere.text)
  assert.match(await verdict(page, 'Wrong event'), /Another Night/)

  await scan(page, forged(next().text))
  await verdict(page, 'Forged')
  await scan(page, 'https://example.org/poster')
  await verdict(page, 'No ticket')
  await page.context().close()
})

test('a ticket that another device let in is refused with its gate, with a network and without', async () => {
  const [north, south] = await Promise.all([
    device(browser, world, event, 'North'),
    device(browser, world, event, 'South'),
  ])
  const { text } = next()
  await scan(north, text)
  await verdict(north, 'Come in')
  await scan(south, text)
  assert.match(await verdict(south, 'Already used'), /gate North/)

  // A device that opens later has it in its list, so that it knows without a network, too.
  const late = await device(browser, world, event, 'West')
  await late.getByRole('button', { name: 'Pause' }).click()
  await late.getByText('The list of tickets is on this device').waitFor()
  await late.context().setOffline(true)
  await start(late)
  await scan(late, text)
  assert.match(await verdict(late, 'Already used'), /gate North/)
  await Promise.all([north, south, late].map((page) => page.context().close()))
})

test('the camera reads the barcode that a fan holds up', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'film-'))
  const { fan, id } = next()
  await writeFile(join(folder, 'fan.y4m'), film(await world.picture(fan, id)))
  const filming = await launch([`--use-file-for-fake-video-capture=${join(folder, 'fan.y4m')}`])
  try {
    const page = await device(filming, world, event, 'North')
    await verdict(page, 'Come in')
  } finally {
    await filming.close()
    await rm(folder, { recursive: true })
  }
})

test('a whole night without a network: 500 tickets, one device, then all is sent', async () => {
  const night = await world.openEvent('A Night without a Network')
  const sold = await world.buy(night, 500)
  assert.equal(sold.length, 500)
  const [offline, online] = await Promise.all([
    device(browser, world, night, 'Cellar'),
    device(browser, world, night, 'Street'),
  ])
  await offline.evaluate(() => navigator.serviceWorker.ready.then(() => undefined))
  await offline.context().setOffline(true)

  await offline.evaluate(
    async (texts) => {
      const key = (key) => window.dispatchEvent(new KeyboardEvent('keydown', { key }))
      for (const text of texts) {
        for (const letter of text) key(letter)
        key('Enter')
      }
    },
    sold.map(({ text }) => text),
  )
  await offline.getByRole('button', { name: /Offline\s*500 waiting/ }).waitFor()
  // A second time, and it is known without anybody's help.
  await scan(offline, sold[0].text)
  assert.match(await verdict(offline, 'Already used'), /gate Cellar/)

  // Meanwhile two of them turn out otherwise.
  await scan(online, sold[1].text)
  assert.match(await verdict(online, 'Come in'), /Floor/)
  await world.call(sold[2].fan, 'POST', `/tickets/${sold[2].id}/reissue`, {})

  // The page opens again without a network and has lost nothing.
  await offline.reload()
  await start(offline)
  await offline.getByRole('button', { name: /Offline\s*501 waiting/ }).waitFor()

  await offline.context().setOffline(false)
  await offline.getByRole('button', { name: /^Online$/ }).waitFor()
  const alarm = offline.getByRole('button', { name: '2 guests to look for' })
  await alarm.click()
  const list = await offline.getByRole('dialog', { name: 'To act on' }).textContent()
  assert.match(list, /refunded, revoked, or replaced/)
  assert.match(list, /Gate Street let somebody in on the same ticket/)
  await offline.getByRole('button', { name: 'Done' }).first().click()
  await offline.getByRole('button', { name: 'Close' }).click()
  await offline.getByRole('button', { name: '1 guest to look for' }).waitFor()

  assert.equal(await count(night, 'used'), 499)
  assert.equal(await count(night, 'issued'), 1)
  await Promise.all([offline.context().close(), online.context().close()])
})

async function count(event, status) {
  const owner = world.account('owner-cellar')
  let [found, cursor] = [0, '']
  do {
    const path = `/organizers/${world.organizer.id}/events/${event.id}/attendees`
    const page = await world.json(owner, 'GET', `${path}?status=${status}&limit=100${cursor}`)
    found += page.items.length
    cursor = page.nextCursor ? `&cursor=${page.nextCursor}` : undefined
  } while (cursor)
  return found
}

for (const colorScheme of ['light', 'dark']) {
  test(`nothing of the door is closed to anybody, ${colorScheme}`, async () => {
    const page = await device(browser, world, event, 'North', { colorScheme })
    const check = async (what) => assert.deepEqual(await violations(page), [], what)
    await check('scanning')
    for (const [tool, title] of [
      ['By hand', 'Type the barcode'],
      ['Figures', 'Figures'],
      ['Settings', 'Settings'],
    ]) {
      await page.getByRole('button', { name: tool, exact: true }).click()
      await page.getByRole('dialog', { name: title }).waitFor()
      await check(title)
      await page.getByRole('button', { name: 'Close' }).click()
    }
    for (const [text, title] of [
      [next().text, 'Come in'],
      [forged(tickets[0].text), 'Forged'],
    ]) {
      await scan(page, text)
      await verdict(page, title)
      await check(title)
      await page.getByRole('dialog', { name: title }).waitFor({ state: 'hidden' })
    }
    await page.getByRole('button', { name: 'Pause' }).click()
    await page.getByRole('heading', { name: 'Ready at the gate' }).waitFor()
    await check('start')
    await page.goto('/door')
    await page.getByRole('heading', { name: 'Cellar 58 Concerts' }).waitFor()
    await page.getByText('Doors are open for this one').first().waitFor()
    await check('choose')
    await page.context().close()
  })
}
