import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { launch, startServer, violations, visitor } from './harness.mjs'
import { seatMap } from './organizer-map.mjs'
import { caller, signInAt } from './people.mjs'

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

for (const [colorScheme, viewport] of [
  ['light', { width: 1280, height: 800 }],
  ['dark', { width: 390, height: 844 }],
]) {
  test(`axe-core finds nothing on the organizer's pages and dialogs, ${colorScheme}`, async (t) => {
    const { context, page } = await visitor(browser, server.url, {
      colorScheme,
      viewport,
      bypassCSP: true,
      reducedMotion: 'reduce',
    })
    const owner = server.world.accounts.find(
      ({ role, email }) => role === 'owner' && email.includes('cellar'),
    )
    const own = server.world.events.find(({ organizer }) => organizer === owner.organizer)
    await page.goto('/sign-in')
    await page.getByLabel('Email').fill(owner.email)
    await page.getByLabel('Password').fill(owner.password)
    await page.getByRole('main').getByRole('button', { name: 'Sign in', exact: true }).click()
    await page.getByRole('button', { name: 'Account', exact: true }).waitFor()

    const org = `/organizer/${owner.organizer}`
    const event = `${org}/events/${own.id}`
    const clean = (name) => t.test(name, async () => assert.deepEqual(await violations(page), []))
    const venue = `${org}/venues/${own.venue}`
    const dialogs = [
      [`${org}/venues`, 'New venue'],
      [venue, 'Edit'],
      [`${org}/staff`, 'Invite somebody'],
      [`${org}/staff`, /^Edit door-/],
      [`${org}/staff`, /^Remove door-/],
      [`${org}/programs`, 'New API key'],
      [`${org}/programs`, 'New client'],
      [event, 'Postpone'],
      [event, 'Take off sale'],
      [event, /^Cancel/],
    ]
    for (const [path, name] of dialogs) {
      await page.goto(path)
      await page.getByRole('button', { name, exact: true }).first().click()
      await page.getByRole('dialog').waitFor()
      await clean(`${name}, asked`)
    }
    await page.goto(`${org}/programs`)
    await page.getByRole('button', { name: 'New client' }).click()
    const form = page.getByRole('dialog')
    await form.getByRole('button', { name: 'Create' }).click()
    await form.getByText('At least one address.').waitFor()
    await clean('a client with faults')
    await form.getByLabel('Name').fill(`Season in ${colorScheme}`)
    await form.getByLabel('Where people return to').fill('https://season.example/back')
    await form.getByRole('button', { name: 'Create' }).click()
    await page.getByRole('button', { name: 'I have kept it' }).click()
    await page.getByRole('button', { name: `New secret for Season in ${colorScheme}` }).click()
    await page.getByRole('dialog').waitFor()
    await clean('a new secret, asked')

    await page.goto(venue)
    const file = (text) => ({ name: 'map.json', mimeType: 'application/json', buffer: Buffer.from(text) })
    await page.locator('input[type=file]').setInputFiles(file('{"what": "is this"}'))
    await page.getByText('That is neither a seat map of ours').waitFor()
    await clean('a file that is no map')
    await page.locator('input[type=file]').setInputFiles(file(JSON.stringify(seatMap)))
    await page.getByText('Seat map with 8 seats').waitFor()
    await clean('a file that is a map')
    await page.goto(`${org}/events/new`)
    await page.getByRole('button', { name: 'Create draft' }).click()
    await page.getByRole('alert').first().waitFor()
    await clean('new event with faults')
    await context.close()
  })
}

test('axe-core finds nothing on what staff of the platform are asked', async (t) => {
  const { context, page } = await visitor(browser, server.url, {
    viewport: { width: 1280, height: 800 },
    bypassCSP: true,
    reducedMotion: 'reduce',
  })
  const clean = async (name) => {
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      await t.test(`${name}, ${colorScheme}`, async () => assert.deepEqual(await violations(page), []))
    }
  }
  const of = (wanted) => server.world.accounts.find(({ role }) => role === wanted)
  const fan = await caller(server.url, of('fan'))
  await fan('POST', '/me/kyc', { documentType: 'passport', country: 'DE', reference: 'C01X00T47' })
  await signInAt(page, of('admin'))
  await page.goto('/organizer/platform')
  await page.getByRole('button', { name: 'Suspend Cellar 58 Concerts' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('button', { name: 'Suspend' }).click()
  await dialog.getByText('At least 10 letters, please.').waitFor()
  await clean('a tenant is suspended without a reason')
  await dialog.getByRole('button', { name: 'Close' }).click()
  await page
    .getByRole('button', { name: /^Decide about/ })
    .first()
    .click()
  await dialog.waitFor()
  await clean('a document is decided on')
  await dialog.getByRole('button', { name: 'Close' }).click()
  await page.getByRole('link', { name: 'Cellar 58 Concerts' }).click()
  await page.getByRole('button', { name: 'I am of the platform' }).click()
  await dialog.waitFor()
  await clean('a reason to look in')
  await context.close()
})
