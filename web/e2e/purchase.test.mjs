import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import { counted, launch, register, somebody, startServer, visitor } from './harness.mjs'
import { cell, findSeat, openList, openMap, pickOnMap, said, tray } from './map.mjs'
import { nameless } from './names.mjs'

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

const DESKTOP = { viewport: { width: 1280, height: 900 }, reducedMotion: 'reduce' }
const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, reducedMotion: 'reduce' }

test('seats tapped on the map of a phone are held from under it, paid and become tickets', async () => {
  const { context, page, errors } = await visitor(browser, server.url, PHONE)
  await register(page, somebody())
  await openMap(page, server.url, "The Clockmaker's Daughter")
  await pickOnMap(page, 'STALLS F 9')
  await pickOnMap(page, 'STALLS F 10')
  const choice = tray(page)
  await counted(choice.getByRole('listitem'), 2)

  // A child pays less: each seat and the sum say what they cost.
  const prices = async () =>
    (await choice.getByText(/^£[\d.]+$/).allTextContents()).map((text) => Number(text.slice(1)))
  const [adult, , together] = await prices()
  assert.equal(together, 2 * adult)
  await choice.getByLabel('Who sits on Stalls, row F, seat 10').selectOption('Under 16')
  const [same, child, less] = await prices()
  assert.equal(same, adult)
  assert.ok(child < adult, `${child} and ${adult}`)
  assert.equal(less, adult + child)

  const hold = choice.getByRole('button', { name: 'Hold 2 places' })
  await reachable(page, hold)
  await hold.tap()
  await page.waitForURL(/\/checkout\?hold=hld_/)
  await page.getByText('Stalls, row F, seat 10').waitFor()
  await page.getByRole('button', { name: /^Pay/ }).tap()
  await page.getByRole('heading', { name: 'You are going!' }).waitFor()
  await page.getByRole('link', { name: 'Show tickets' }).tap()
  await page.getByRole('button', { name: /row F, seat 9/ }).tap()
  await page.getByRole('img', { name: /Barcode of this ticket/ }).waitFor()
  assert.deepEqual(errors, [])
  await context.close()
})

/** On the screen, under nothing, and large enough for a thumb. */
async function reachable(page, button) {
  const box = await button.boundingBox()
  const { width, height } = page.viewportSize()
  assert.ok(box.height >= 44 && box.width >= 44, `${box.width} by ${box.height}`)
  assert.ok(box.x >= 0 && box.y >= height / 2, `at ${box.x}, ${box.y}`)
  assert.ok(box.x + box.width <= width && box.y + box.height <= height, `ends beyond the screen`)
  await button.click({ trial: true })
}

test('two people pick one seat: one holds it, the other is told, loses it, and takes another', async () => {
  const ann = await visitor(browser, server.url, DESKTOP)
  const bob = await visitor(browser, server.url, DESKTOP)
  for (const { page } of [ann, bob]) {
    await register(page, somebody())
    await openMap(page, server.url, 'Northern Lights Tour')
    await pickOnMap(page, '101 5 7')
    await tray(page).getByText('Row 5, seat 7').waitFor()
  }
  await tray(ann.page).getByRole('button', { name: 'Hold 1 place' }).click()
  await ann.page.waitForURL(/\/checkout/)

  await tray(bob.page)
    .getByText(/Somebody else was faster: .*row 5, seat 7 is taken/)
    .waitFor()
  await said(bob.page, 'Somebody else was faster')
  await counted(tray(bob.page).getByRole('listitem'), 0)
  await counted(bob.page.getByRole('button', { name: 'Hold 1 place' }), 0)
  await openList(bob.page)
  await findSeat(bob.page, '101 5 7')
  await cell(bob.page, 'row 5, seat 7').and(bob.page.locator('[data-state=held]')).waitFor()
  await bob.page.getByRole('button', { name: 'Map', exact: true }).click()
  await pickOnMap(bob.page, '101 5 9')
  await tray(bob.page).getByRole('button', { name: 'Hold 1 place' }).click()
  await bob.page.waitForURL(/\/checkout/)

  // Back from the checkout, her own seat is shown as hers.
  await ann.page.goBack()
  await ann.page.locator('#map').scrollIntoViewIfNeeded()
  await openList(ann.page)
  await findSeat(ann.page, '101 5 7')
  await cell(ann.page, 'row 5, seat 7').and(ann.page.locator('[data-state=mine]')).waitFor()
  assert.equal(await ann.page.getByText('Somebody else was faster').count(), 0)
  assert.deepEqual([...ann.errors, ...bob.errors], [])
  await Promise.all([ann.context.close(), bob.context.close()])
})

test('the whole way to a ticket by keys alone, and everything on it has a name', async (t) => {
  const { context, page, errors } = await visitor(browser, server.url, DESKTOP)
  const { keyboard } = page
  const named = (name) => t.test(name, async () => assert.deepEqual(await nameless(page), []))
  const button = (name) => page.getByRole('button', { name })
  /** Presses Tab until `target` has the focus, as who cannot see where it is. */
  const tabTo = async (target) => {
    await target.first().waitFor()
    for (let presses = 0; presses < 120; presses++) {
      if (await target.first().evaluate((element) => element === document.activeElement)) return
      await keyboard.press('Tab')
    }
    assert.fail(`${target} is not reached by Tab`)
  }

  await page.goto('/')
  await page.getByRole('heading', { name: 'Midnight Brass' }).first().waitFor()
  await named('discover')
  await tabTo(page.getByLabel('Search events'))
  await keyboard.type('northern lights')
  await page.waitForURL(/q=northern/)
  await tabTo(page.getByRole('link', { name: 'Northern Lights Tour' }))
  await keyboard.press('Enter')

  await tabTo(page.getByRole('application', { name: 'Seat map: Northern Lights Tour' }))
  await page.getByText('Live', { exact: true }).waitFor()
  await named('event')
  await keyboard.press('ArrowUp')
  await said(page, /tier \d+, .* free, from €/)
  await keyboard.press('Enter')
  await said(page, /row \d+, seat \d+, €[\d.]+, available/)
  const spoken = () => page.locator('[data-said]').getAttribute('data-said')
  const first = await spoken()
  await keyboard.press('Enter')
  await said(page, 'picked. 1 seat in all.')
  await keyboard.press('ArrowLeft')
  await said(page, /available/)
  assert.notEqual(await spoken(), first)
  await keyboard.press('Enter')
  await said(page, 'picked. 2 seats in all.')
  await keyboard.press('Enter')
  await said(page, '1 seat left.')
  await keyboard.press('n')
  await said(page, /available/)
  await keyboard.press('Escape')
  await said(page, / free, from €/)
  await named('event, a seat picked')

  const hold = tray(page).getByRole('button', { name: 'Hold 1 place' })
  await tabTo(hold)
  await keyboard.press('Enter')
  await page.waitForURL(/\/checkout/)
  await page.getByLabel('Your name').waitFor()
  await named('asked who is paying')
  const person = somebody()
  await tabTo(page.getByLabel('Your name'))
  await keyboard.type(person.name)
  await tabTo(page.getByLabel('Email'))
  await keyboard.type(person.email)
  await tabTo(page.getByLabel('Password'))
  await keyboard.type(person.password)
  await keyboard.press('Enter')

  await button(/^Pay €/).waitFor()
  await named('checkout')
  await tabTo(button(/^Pay €/))
  await keyboard.press('Enter')
  await page.getByRole('heading', { name: 'You are going!' }).waitFor()
  await named('order')
  await tabTo(page.getByRole('link', { name: 'Show tickets' }))
  await keyboard.press('Enter')
  const stub = button(/row .* seat/)
  await stub.first().waitFor()
  await named('tickets')
  await tabTo(stub)
  await keyboard.press('Enter')
  await page.getByRole('img', { name: /Barcode of this ticket/ }).waitFor()
  await named('ticket')
  await keyboard.press('Escape')
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  assert.ok(await stub.evaluate((element) => element === document.activeElement))
  assert.deepEqual(errors, [])
  await context.close()
})

test('a price limit leaves the dearer seats out, for the eye, the keys and the list', async () => {
  const { context, page } = await visitor(browser, server.url, DESKTOP)
  await openMap(page, server.url, "The Clockmaker's Daughter")
  const slider = page.getByRole('slider', { name: 'Price up to' })
  const [dearest, cheapest] = ['£145.00', '£43.50']
  assert.equal(await slider.getAttribute('aria-valuetext'), dearest)
  await slider.press('Home')
  assert.equal(await slider.getAttribute('aria-valuetext'), cheapest)
  await page.getByRole('application').focus()
  await page.keyboard.press('n')
  await said(page, `${cheapest}, available`)
  await slider.press('End')
  assert.equal(await slider.getAttribute('aria-valuetext'), dearest)
  await context.close()
})

test('a German buys a ticket and reads no English', async () => {
  const { context, page } = await visitor(browser, server.url, { ...PHONE, locale: 'de-DE' })
  const english = await englishOnly()
  const germanOnly = async () => {
    assert.equal(await page.locator('html').getAttribute('lang'), 'de')
    const texts = await page.evaluate(() => {
      const found = [document.title]
      const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT)
      for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        if (node.nodeType === Node.ELEMENT_NODE) found.push(node.getAttribute('aria-label') ?? '')
        // Languages are listed in their own words.
        else if (!node.parentElement.hasAttribute('lang')) found.push(node.data.trim())
      }
      return found
    })
    assert.deepEqual(
      texts.filter((text) => english.has(text)),
      [],
    )
  }
  await page.goto('/')
  await page.getByRole('searchbox').fill('clockmaker')
  await page.waitForURL(/q=clockmaker/)
  await germanOnly()
  await page.getByRole('link', { name: "The Clockmaker's Daughter" }).first().click()
  await page.locator('#map').scrollIntoViewIfNeeded()
  await page.getByRole('application').waitFor()
  await pickOnMap(page, 'STALLS H 9')
  await germanOnly()
  await page.getByRole('button', { name: '1 Platz reservieren' }).last().tap()
  await page.waitForURL(/\/checkout/)
  await page.getByLabel('Passwort').waitFor()
  await germanOnly()
  const person = somebody()
  await page.getByLabel('Dein Name').fill(person.name)
  await page.getByLabel('E-Mail').fill(person.email)
  await page.getByLabel('Passwort').fill(person.password)
  await page.getByLabel('Passwort').press('Enter')
  await page.getByRole('button', { name: /^Bezahlen/ }).waitFor()
  await germanOnly()
  await page.getByLabel('Karte, deren Bank dich erst fragt').check()
  await page.getByRole('button', { name: /^Bezahlen/ }).tap()
  await page.getByRole('link', { name: 'Seite der Bank öffnen' }).tap()
  await page.getByRole('heading', { name: 'Simulierte Bank' }).waitFor()
  assert.equal(await page.locator('html').getAttribute('lang'), 'de')
  await page.getByRole('button', { name: 'Freigeben' }).tap()
  await page.waitForURL(/\/orders\//)
  await page.getByText('Stalls, Reihe H, Platz 9').first().waitFor()
  await germanOnly()
  await page.goto('/tickets')
  await page.getByRole('button', { name: /Reihe H, Platz 9/ }).tap()
  await page.getByRole('img', { name: /Barcode/ }).waitFor()
  await germanOnly()
  await context.close()
})

/** What the app says in English and says otherwise in German. */
async function englishOnly() {
  const folder = new URL('../src/i18n/locales/', import.meta.url)
  const texts = async (language) => {
    const found = []
    const collect = (messages) => {
      for (const message of Object.values(messages))
        typeof message === 'string' ? found.push(message) : collect(message)
    }
    for (const file of await readdir(new URL(`${language}/`, folder)))
      collect(JSON.parse(await readFile(new URL(`${language}/${file}`, folder), 'utf8')))
    return found
  }
  const german = new Set(await texts('de'))
  return new Set((await texts('en')).filter((text) => !german.has(text)))
}

test('from right to left no page on the way is wider than a phone', async () => {
  const { context, page } = await visitor(browser, server.url, PHONE)
  const fits = async (name) => {
    await page.evaluate(() => {
      document.documentElement.dir = 'rtl'
    })
    const wide = await page.evaluate(() => {
      const { scrollWidth, clientWidth } = document.documentElement
      return scrollWidth - clientWidth
    })
    assert.equal(wide, 0, `${name} is ${wide} px too wide`)
    // What hangs out at the left cannot be scrolled to.
    const first = await page.getByRole('heading', { level: 1 }).first().boundingBox()
    assert.ok(first.x >= 0 && first.x + first.width <= 390, name)
  }
  await register(page, somebody())
  await page.goto('/')
  await page.getByRole('heading', { name: 'Midnight Brass' }).first().waitFor()
  await fits('discover')
  await openMap(page, server.url, "The Clockmaker's Daughter")
  await fits('event')
  await pickOnMap(page, 'STALLS J 9')
  await fits('event, a seat picked')
  const hold = tray(page).getByRole('button', { name: 'Hold 1 place' })
  await reachable(page, hold)
  await hold.tap()
  await page.waitForURL(/\/checkout/)
  await page.getByRole('button', { name: /^Pay/ }).waitFor()
  await fits('checkout')
  await context.close()
})
