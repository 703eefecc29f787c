import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { launch, startServer, visitor } from './harness.mjs'
import { signInAt } from './people.mjs'

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

test('staff of the platform look in for a reason, which the tenant can read', async () => {
  const reason = `Case ${Date.now().toString(36)}: a buyer in Köln asks for a ticket`
  const owner = server.world.accounts.find(({ role, email }) => role === 'owner' && email.includes('cellar'))

  const staff = await visitor(browser, server.url, { viewport: { width: 1280, height: 800 } })
  await signInAt(
    staff.page,
    server.world.accounts.find(({ role }) => role === 'admin'),
  )
  await staff.page.goto('/organizer/platform')
  await staff.page.getByRole('link', { name: 'Cellar 58 Concerts' }).click()
  await staff.page.getByRole('button', { name: 'I am of the platform' }).click()
  const dialog = staff.page.getByRole('dialog', { name: 'Why do you look in?' })
  await dialog.getByLabel('Reason').fill('why not')
  await dialog.getByRole('button', { name: 'Look in' }).click()
  await dialog.getByText('At least 10 letters, please.').waitFor()
  await dialog.getByLabel('Reason').fill(reason)
  await dialog.getByRole('button', { name: 'Look in' }).click()
  await staff.page.getByRole('heading', { name: 'Today', level: 1 }).waitFor()
  await staff.page.getByRole('link', { name: 'Staff', exact: true }).click()
  await staff.page.getByRole('rowheader', { name: owner.email }).waitFor()
  assert.equal(await staff.page.getByRole('button', { name: 'Invite somebody' }).count(), 0)
  assert.deepEqual(staff.errors, [])
  await staff.context.close()

  const tenant = await visitor(browser, server.url)
  await signInAt(tenant.page, owner)
  await tenant.page.goto(`/organizer/${owner.organizer}/audit`)
  const entries = tenant.page.getByRole('listitem').filter({ has: tenant.page.locator('summary') })
  await entries.filter({ hasText: reason }).first().waitFor({ state: 'attached' })
  await tenant.context.close()
})
