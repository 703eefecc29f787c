import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { generationOf, shownText } from './barcode.mjs'
import {
  fillRegistration,
  holdBest,
  keptBarcodes,
  launch,
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

const KEPT = 'the barcodes admit all the same'
const stubs = (page) => page.getByRole('button', { name: /row .* seat/ })

/** Somebody who has bought two tickets, which are kept, and has not looked at them. */
async function buyer(options) {
  const seen = await visitor(browser, server.url, options)
  const person = somebody()
  await register(seen.page, person)
  await holdBest(seen.page, server.url, 'Midnight Brass')
  await seen.page.getByRole('button', { name: /^Pay/ }).click()
  await seen.page.getByRole('heading', { name: 'You are going!' }).waitFor()
  await keptBarcodes(seen.page, 2)
  return { ...seen, person }
}

async function showsBarcode(page) {
  await stubs(page).first().click()
  await page.getByRole('img', { name: /Barcode of this ticket/ }).waitFor()
}

test('barcodes are kept as soon as they are bought, and on a device where somebody only signs in', async () => {
  const { context, person } = await buyer()
  const other = await visitor(browser, server.url)
  await other.page.goto('/sign-in')
  await other.page.getByLabel('Email').fill(person.email)
  await other.page.getByLabel('Password').fill(person.password)
  await other.page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await keptBarcodes(other.page, 2)
  await Promise.all([context.close(), other.context.close()])
})

test('whoever lost a phone gets another barcode, and it is the other one that is kept', async () => {
  const { context, page } = await buyer()
  await page.goto('/tickets')
  await showsBarcode(page)
  assert.equal(generationOf(await shownText(page)), 1)
  await page.getByRole('button', { name: 'New barcode' }).click()
  await page.getByRole('button', { name: 'Get a new barcode' }).click()
  await page.getByText('This is the new barcode.').waitFor()
  await page.getByRole('img', { name: /Barcode of this ticket/ }).waitFor()
  assert.equal(generationOf(await shownText(page)), 2)
  await page.reload()
  await page.getByRole('img', { name: /Barcode of this ticket/ }).waitFor()
  assert.equal(generationOf(await shownText(page)), 2)
  await context.close()
})

test('kept tickets open without a network when the session is over', async () => {
  const { context, page, errors } = await buyer({ serviceWorkers: 'allow' })
  await page.evaluate(() => navigator.serviceWorker.ready)
  await context.clearCookies()
  await context.setOffline(true)
  await page.goto('/')
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'My tickets' }).click()
  await page.getByText('You are signed out').waitFor()
  await showsBarcode(page)
  await page.reload()
  await page.getByRole('img', { name: /Barcode of this ticket/ }).waitFor()
  assert.deepEqual(errors, [])
  await context.close()
})

test('who signs in after somebody gets none of their tickets', async () => {
  const { context, page } = await buyer()
  await context.clearCookies()
  await page.goto('/tickets')
  await stubs(page).first().waitFor()
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Sign in' }).click()
  await page.getByRole('button', { name: 'I am new here' }).click()
  await context.route('**/api/v1/me/tickets*', (route) => route.abort())
  await fillRegistration(page, somebody())
  await page.getByRole('button', { name: 'Account', exact: true }).waitFor()
  await page.goto('/tickets')
  await page.getByRole('alert').filter({ hasText: 'No connection' }).waitFor()
  assert.equal(await stubs(page).count(), 0)
  await keptBarcodes(page, 0)
  await context.close()
})

for (const [network, answer] of [
  ['never answers', () => {}],
  ['is overloaded', (route) => route.fulfill({ status: 503, body: '', headers: { 'Retry-After': '2' } })],
  ["is a café's that wants a click first", (route) => route.fulfill({ body: '<html>Welcome</html>' })],
]) {
  test(`kept tickets are shown at once by a network that ${network}`, async () => {
    const { context, page, errors } = await buyer()
    await context.route('**/api/v1/**', answer)
    await page.goto('/tickets')
    await showsBarcode(page)
    await page.getByRole('button', { name: 'Close' }).click()
    if (network !== 'never answers') await page.getByText(KEPT).waitFor()
    assert.deepEqual(errors, [])
    await context.close()
  })
}

test('signing out without a network changes nothing; with one, nothing is left here or in another tab', async () => {
  const { context, page, errors } = await buyer({ serviceWorkers: 'allow' })
  await page.evaluate(() => navigator.serviceWorker.ready)
  const other = await context.newPage()
  await other.goto('/orders')
  await other.getByRole('heading', { name: 'Orders' }).waitFor()
  await page.goto('/tickets')
  await stubs(page).first().waitFor()

  const signOut = async () => {
    await page.getByRole('button', { name: 'Account', exact: true }).click()
    await page.getByRole('button', { name: 'Sign out' }).click()
  }
  await context.setOffline(true)
  await signOut()
  await page.getByText('We cannot reach the box office').first().waitFor()
  await keptBarcodes(page, 2)
  await context.setOffline(false)
  await page.getByRole('button', { name: 'Account', exact: true }).waitFor()

  await signOut()
  for (const one of [page, other]) {
    await one.waitForURL(/\/sign-in/)
    await one.getByRole('button', { name: 'Sign in', exact: true }).waitFor()
    assert.equal(await one.getByText('Midnight Brass').count(), 0)
  }
  await keptBarcodes(page, 0)
  assert.deepEqual(errors, [])
  await context.close()
})

test('what is on its way while somebody signs out is not kept after all', async () => {
  const { context, page } = await visitor(browser, server.url)
  await register(page, somebody())
  await holdBest(page, server.url, 'Midnight Brass')
  // The first barcode is answered before the session ends, and would arrive after it.
  let answered
  let arrives
  const isAnswered = new Promise((resolve) => {
    answered = resolve
  })
  const mayArrive = new Promise((resolve) => {
    arrives = resolve
  })
  await context.route('**/api/v1/tickets/*/barcode*', async (route) => {
    const response = await route.fetch()
    answered()
    await mayArrive
    await route.fulfill({ response }).catch(() => {})
  })
  const asked = page.waitForRequest(/\/barcode/)
  await page.getByRole('button', { name: /^Pay/ }).click()
  const request = await asked
  await isAnswered
  const isIt = (one) => one === request
  const over = Promise.any([
    page.waitForEvent('requestfinished', isIt),
    page.waitForEvent('requestfailed', isIt),
  ])
  await page.getByRole('button', { name: 'Account', exact: true }).click()
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByRole('link', { name: 'Sign in' }).waitFor()
  arrives()
  await over
  await page.getByRole('link', { name: 'Sign in' }).click()
  await page.getByRole('heading', { name: 'Come in' }).waitFor()
  await keptBarcodes(page, 0)
  await context.close()
})
