// What was drawn outlives a failing network, a hasty key and a change of mind.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { newMap, outline } from './editor-map.mjs'
import { launch, startServer } from './harness.mjs'

let server
let browser
let owner
before(async () => {
  server = await startServer()
  owner = server.world.accounts.find(({ role }) => role === 'owner')
  browser = await launch()
})
after(async () => {
  await browser?.close()
  await server?.stop()
})

/** Draws a section into the left or the right half of the sheet. */
async function drawSection(page, half) {
  const before = await page.getByRole('treeitem').count()
  await page.getByRole('button', { name: 'Draw a section', exact: true }).click()
  const box = await page.getByRole('application').boundingBox()
  const at = (x, y) => [box.x + box.width * (x + (half === 'left' ? 0.08 : 0.55)), box.y + box.height * y]
  await page.mouse.move(...at(0, 0.3))
  await page.mouse.down()
  await page.mouse.move(...at(0.2, 0.45), { steps: 4 })
  await page.mouse.move(...at(0.32, 0.6), { steps: 4 })
  await page.mouse.up()
  await page.getByRole('treeitem').nth(before).waitFor()
}

test('a list that cannot be fetched again takes no drawing away', async () => {
  const { context, page, versions, errors } = await newMap(browser, server.url, owner, { clock: true })
  await drawSection(page, 'left')
  await page.getByText('Draft kept in this browser').waitFor()
  await drawSection(page, 'right')
  const drawn = await outline(page)

  const refused = { status: 403, json: { error: { code: 'not_allowed', message: 'not now' } } }
  await page.route(versions, (route) => route.fulfill(refused))
  const asked = page.waitForResponse(versions)
  // What was fetched is old by now, and the person comes back to the tab.
  await page.clock.fastForward(60_000)
  await page.evaluate(() => window.dispatchEvent(new Event('visibilitychange')))
  await asked
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))))
  assert.equal(await page.getByRole('button', { name: 'Try again' }).count(), 0)
  assert.deepEqual(await outline(page), drawn)
  // The same editor still, as it can take back what was done in it.
  await page.getByRole('button', { name: 'Undo: draw a section' }).click()
  assert.equal((await outline(page)).length, 1)
  assert.deepEqual(errors, [])
  await context.close()
})

test('a draft is there until it is discarded, and discarding is a step like any other', async () => {
  const { context, page, errors } = await newMap(browser, server.url, owner)
  await drawSection(page, 'left')
  await page.getByText('Draft kept in this browser').waitFor()
  const drawn = await outline(page)
  const discard = page.getByRole('button', { name: 'Discard draft' })

  await page.reload()
  await discard.waitFor()
  await drawSection(page, 'right')
  // What is drawn upon it would go with it.
  await discard.waitFor({ state: 'detached' })
  await page.getByRole('button', { name: 'Undo: draw a section' }).click()
  assert.deepEqual(await outline(page), drawn)
  await page.getByText('Draft kept in this browser').waitFor()

  await page.reload()
  await discard.click()
  await page.getByRole('button', { name: 'Undo: discard the draft' }).waitFor()
  assert.deepEqual(await outline(page), [])
  await page.getByRole('button', { name: 'Undo: discard the draft' }).click()
  assert.deepEqual(await outline(page), drawn)
  await page.getByText('Draft kept in this browser').waitFor()
  await page.reload()
  await discard.waitFor()
  assert.deepEqual(await outline(page), drawn)
  assert.deepEqual(errors, [])
  await context.close()
})

test('while a version is saved no key closes the dialog or changes what is drawn', async () => {
  const { context, page, versions, errors } = await newMap(browser, server.url, owner)
  await drawSection(page, 'left')
  const drawn = await outline(page)
  let answer
  const held = new Promise((resolve) => {
    answer = resolve
  })
  await page.route(versions.replace('?*', ''), async (route) => {
    if (route.request().method() === 'POST') await held
    await route.continue()
  })
  await page.locator('header').first().getByRole('button', { name: 'Save version' }).click()
  const dialog = page.getByRole('dialog', { name: 'Save as a new version' })
  const sent = page.waitForRequest((request) => request.method() === 'POST')
  await dialog.getByRole('button', { name: 'Save version' }).click()
  await sent
  await dialog.getByRole('button', { name: 'Close' }).waitFor({ state: 'detached' })
  for (const key of ['Escape', 'Escape', 'Escape', 'Control+Z']) await page.keyboard.press(key)
  answer()
  await dialog.getByText('Version 1 is saved').waitFor()
  await dialog.getByRole('button', { name: 'Done' }).click()
  await page.waitForURL(/seat-maps\/map_/)
  await page.getByText('Version 1', { exact: false }).first().waitFor()
  await page.getByRole('treeitem').first().waitFor()
  assert.deepEqual(await outline(page), drawn)
  assert.deepEqual(errors, [])
  await context.close()
})
