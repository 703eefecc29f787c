import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { holdBest, launch, register, somebody, startServer, violations, visitor } from './harness.mjs'

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

for (const colorScheme of ['light', 'dark']) {
  test(`axe-core finds nothing on the fan's pages and dialogs, ${colorScheme}`, async (t) => {
    const { context, page } = await visitor(browser, server.url, {
      colorScheme,
      bypassCSP: true,
      reducedMotion: 'reduce',
    })
    const clean = (name) => t.test(name, async () => assert.deepEqual(await violations(page), []))
    const settled = () => page.waitForFunction(() => !document.querySelector('[aria-busy=true]'))

    await holdBest(page, server.url, 'Clockmaker')
    await page.getByLabel('Your name').waitFor()
    await clean('checkout, asked who is paying')
    await page.getByRole('button', { name: 'Give these places back' }).click()
    await page.locator('#map').scrollIntoViewIfNeeded()
    await settled()
    await clean('event with its map')

    const person = somebody()
    await register(page, person)
    await holdBest(page, server.url, 'Midnight Brass')
    await page.getByRole('button', { name: /^Pay/ }).waitFor()
    await clean('checkout')
    await page.getByText('Cards that go wrong').click()
    await page.getByLabel('Card that is declined').check()
    await page.getByRole('button', { name: /^Pay/ }).click()
    await page.getByRole('alert').waitFor()
    await clean('checkout, declined')
    await page.getByLabel('Card that pays').check()
    await page.getByRole('button', { name: /^Pay/ }).click()
    await page.getByRole('heading', { name: 'You are going!' }).waitFor()
    await clean('order, just placed')
    await page.getByRole('button', { name: 'Give tickets back' }).click()
    await page.getByRole('dialog').waitFor()
    await clean('refund')
    await page.goto('/tickets')
    await page.getByRole('button', { name: /seat/ }).first().waitFor()
    await clean('tickets')
    await page.getByRole('button', { name: /seat/ }).first().click()
    await page.getByRole('img', { name: /Barcode/ }).waitFor()
    await clean('ticket')
    await page.getByRole('button', { name: 'New barcode' }).click()
    await page.getByRole('button', { name: 'Get a new barcode' }).waitFor()
    await clean('new barcode')
    await page.getByRole('button', { name: 'Back', exact: true }).click()
    await page.getByRole('button', { name: 'Hand on' }).click()
    await page.getByLabel('Their email').waitFor()
    await clean('hand on')
    await page.goto('/orders')
    await page.getByRole('heading', { name: 'Midnight Brass' }).first().waitFor()
    await clean('orders')
    await page.goto('/account')
    await page.getByRole('heading', { name: 'Devices' }).waitFor()
    await settled()
    await clean('account')
    await page.getByRole('button', { name: 'Delete account' }).click()
    await page.getByRole('dialog').waitFor()
    await clean('account, confirming')
    await page.getByRole('button', { name: 'Close' }).click()
    await page.getByRole('button', { name: 'Account', exact: true }).click()
    await page.getByRole('button', { name: 'Sign out' }).waitFor()
    await clean('menu')
    await context.close()
  })
}
