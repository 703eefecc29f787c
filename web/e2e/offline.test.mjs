import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { holdBest, keptBarcodes, launch, register, somebody, startServer, visitor } from './harness.mjs'

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

test('tickets and their barcodes are there without a network, and gone after signing out', async () => {
  const { context, page } = await visitor(browser, server.url, { serviceWorkers: 'allow' })
  await register(page, somebody())
  await holdBest(page, server.url, 'Midnight Brass')
  await page.getByRole('button', { name: /^Pay/ }).click()
  await page.getByRole('heading', { name: 'You are going!' }).waitFor()
  await page.goto('/tickets')
  await page.getByRole('button', { name: /seat/ }).first().waitFor()
  await page.evaluate(() => navigator.serviceWorker.ready)
  // Both barcodes are fetched ahead, before anybody opens a ticket.
  await keptBarcodes(page, 2)

  await context.setOffline(true)
  await page.goto('/tickets')
  await page.getByText('the barcodes admit all the same').waitFor()
  await page.getByRole('button', { name: /seat/ }).last().click()
  await page.getByRole('img', { name: /Barcode/ }).waitFor()
  await page.getByRole('button', { name: 'Close' }).click()

  await context.setOffline(false)
  await page.goto('/')
  await page.getByRole('button', { name: 'Account', exact: true }).click()
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByRole('link', { name: 'Sign in' }).waitFor()
  const left = await page.evaluate(
    () =>
      new Promise((resolve) => {
        const open = indexedDB.open('kept-tickets')
        open.onsuccess = () => {
          const count = open.result.transaction('kept').objectStore('kept').count()
          count.onsuccess = () => resolve(count.result)
        }
      }),
  )
  assert.equal(left, 0)
  await context.close()
})
