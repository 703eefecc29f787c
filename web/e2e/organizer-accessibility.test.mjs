import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { launch, startServer, violations, visitor } from './harness.mjs'

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
    const settled = () => page.waitForFunction(() => !document.querySelector('[aria-busy=true]'))
    const pages = {
      choose: ['/organizer', 'Whose show is it?'],
      today: [org, 'Today'],
      events: [`${org}/events`, 'Events'],
      'new event': [`${org}/events/new`, 'New event'],
      'set-up': [event, own.name],
      live: [`${event}/live`, own.name],
      blocks: [`${event}/blocks`, own.name],
      attendees: [`${event}/attendees`, own.name],
      venues: [`${org}/venues`, 'Venues'],
      venue: [`${org}/venues/${own.venue}`, 'Cellar 58'],
      orders: [`${org}/orders`, 'Orders'],
      staff: [`${org}/staff`, 'Staff'],
      programs: [`${org}/programs`, 'Programs'],
      contracts: [`${org}/contracts`, 'Contracts'],
      audit: [`${org}/audit`, 'Audit log'],
    }
    for (const [name, [path, heading]] of Object.entries(pages)) {
      await page.goto(path)
      await page.getByRole('heading', { name: heading, level: 1 }).waitFor()
      await settled()
      await clean(name)
    }
    const dialogs = {
      [`${org}/venues`]: 'New venue',
      [`${org}/staff`]: 'Invite somebody',
      [`${org}/programs`]: 'New API key',
      [event]: 'Postpone',
    }
    for (const [path, button] of Object.entries(dialogs)) {
      await page.goto(path)
      await page.getByRole('button', { name: button, exact: true }).click()
      await page.getByRole('dialog').waitFor()
      await clean(`${button}, asked`)
    }
    await page.goto(`${org}/events/new`)
    await page.getByRole('button', { name: 'Create draft' }).click()
    await page.getByRole('alert').first().waitFor()
    await clean('new event with faults')
    await context.close()
  })
}
