// What a device at the door has scanned is neither lost nor held up by others, and a device that fails says so.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { device, forged, launch, scan, signIn, start, verdict, violations } from './door-browser.mjs'
import { startWorld } from './door-world.mjs'

let world, stop, browser, event, tickets

before(async () => {
  ;({ world, stop } = await startWorld())
  event = await world.openEvent('Night of the Shared Device')
  tickets = await world.buy(event, 6)
  browser = await launch()
})

after(async () => {
  await browser?.close()
  await stop?.()
})

const next = () => tickets.pop()

/** Swaps two characters of what the signature covers. */

async function usedTickets() {
  const path = `/organizers/${world.organizer.id}/events/${event.id}/attendees?status=used&limit=100`
  return (await world.json(world.account('owner-cellar'), 'GET', path)).items.length
}

test('scans of another organizer hold up nobody’s, and go when somebody of theirs is signed in', async () => {
  const first = await device(browser, world, event, 'North')
  const context = first.context()
  const used = await usedTickets()
  await context.setOffline(true)
  const { text } = next()
  await scan(first, text)
  await verdict(first, 'Come in')
  await first.getByRole('button', { name: /Offline\s*1 waiting/ }).waitFor()
  await first.close()
  await context.setOffline(false)

  const other = world.accounts.find(({ role, email }) => role === 'owner' && email.includes('lindengate'))
  const { items } = await world.json(other, 'GET', `/organizers/${other.organizer}/events?limit=1`)
  await signIn(context, other)
  const second = await context.newPage()
  await second.goto(`/door/${other.organizer}/${items[0].id}`)
  await second.getByText('1 scan of another event waits on this device').waitFor()
  await start(second)
  await context.setOffline(true)
  await second.getByRole('button', { name: /^Offline/ }).waitFor()
  await scan(second, forged(text))
  await second.getByRole('dialog').filter({ hasText: 'Forged' }).waitFor()
  await second.keyboard.press('Escape')
  await second.getByRole('button', { name: /Offline\s*1 waiting/ }).waitFor()
  const sent = second.waitForResponse(/\/checkins\/batch$/)
  await context.setOffline(false)
  assert.equal((await sent).status(), 200)
  await second.getByRole('button', { name: /^Online$/ }).click()
  await second.getByRole('dialog').getByText('1 scan of another event waits on this device').waitFor()
  assert.equal(await usedTickets(), used)
  await second.close()

  await signIn(context, world.account('door-cellar'))
  const again = await context.newPage()
  const uploaded = again.waitForResponse(/\/checkins\/batch$/)
  await again.goto(`/door/${world.organizer.id}/${event.id}`)
  assert.equal((await uploaded).status(), 200)
  await again.getByText('1 scan waits to be sent').waitFor({ state: 'detached' })
  assert.equal(await usedTickets(), used + 1)
  await context.close()
})

test('a database that the browser closes is opened again', async () => {
  const page = await device(browser, world, event, 'North')
  await scan(page, next().text)
  await verdict(page, 'Come in')
  await page.getByRole('dialog', { name: 'Come in' }).waitFor({ state: 'hidden' })
  // As it does when a device runs short of memory: whoever asks next finds the connection closed.
  await page.evaluate(() => {
    const { transaction } = IDBDatabase.prototype
    IDBDatabase.prototype.transaction = function (...asked) {
      IDBDatabase.prototype.transaction = transaction
      this.close()
      return transaction.apply(this, asked)
    }
  })
  await scan(page, next().text)
  await verdict(page, 'Come in')
  await page.context().close()
})

test('a device that cannot keep a scan says so, to the eye and the ear', async () => {
  for (const colorScheme of ['light', 'dark']) {
    const page = await device(browser, world, event, 'North', { colorScheme })
    await page.evaluate(() => {
      window.buzzes = []
      navigator.vibrate = (pattern) => window.buzzes.push(pattern)
      window.transaction = IDBDatabase.prototype.transaction
      IDBDatabase.prototype.transaction = () => {
        throw new DOMException('the connection is lost', 'UnknownError')
      }
    })
    const { text } = next()
    await scan(page, text)
    assert.match(await verdict(page, 'Scan again'), /nobody is let in on it/)
    assert.equal(await page.evaluate(() => window.buzzes.length), 1)
    assert.deepEqual(await violations(page), [])
    await page.evaluate(() => {
      IDBDatabase.prototype.transaction = window.transaction
    })
    await scan(page, text)
    await verdict(page, 'Come in')
    await page.context().close()
  }
})

/** Nothing for axe to find, by day and by night. */
async function assertReadable(page) {
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    // A colour on its way to another is neither.
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))))
    await page.evaluate(() =>
      Promise.all(document.getAnimations().map(({ finished }) => finished.catch(() => undefined))),
    )
    assert.deepEqual(await violations(page), [], colorScheme)
  }
}

test('whom to look for is read by everybody, by day and by night', async () => {
  const page = await device(browser, world, event, 'North')
  const { fan, id, text } = next()
  await page.context().setOffline(true)
  await page.getByRole('button', { name: /^Offline/ }).waitFor()
  await scan(page, text)
  await verdict(page, 'Come in')
  await world.call(fan, 'POST', `/tickets/${id}/reissue`, {})
  await page.context().setOffline(false)
  await page.getByRole('button', { name: '1 guest to look for' }).click()
  const dialog = page.getByRole('dialog', { name: 'To act on' })
  await dialog.getByText(/refunded, revoked, or replaced/).waitFor()
  await assertReadable(page)
  await dialog.getByRole('button', { name: 'Done' }).click()
  await dialog.getByText('Nothing to act on').waitFor()
  await assertReadable(page)
  await page.context().close()
})
