import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { after, before, test } from 'node:test'
import { launch, startServer, visitor } from './harness.mjs'

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

/** The code of an authenticator app at this moment: RFC 6238 with SHA-1, 30 s and six digits. */
function otpOf(secret) {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
  const bits = [...secret].map((letter) => alphabet.indexOf(letter).toString(2).padStart(5, '0')).join('')
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => Number.parseInt(byte, 2)))
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)))
  const digest = createHmac('sha1', key).update(counter).digest()
  const code = (digest.readUInt32BE(digest[19] & 15) & 0x7fffffff) % 1_000_000
  return String(code).padStart(6, '0')
}

/** By the API: the page for signing in is tested with the fan's. */
async function signIn(page, { email, password, totpSecret }) {
  await page.goto('/')
  const body = { email, password, ...(totpSecret ? { otp: otpOf(totpSecret) } : {}) }
  const status = await page.evaluate(async (credentials) => {
    const answer = await fetch('/api/v1/auth/login', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'X-Session': 'cookie' },
      body: JSON.stringify(credentials),
    })
    return answer.status
  }, body)
  assert.equal(status, 200)
}

test('staff of the platform look in for a reason, which the tenant can read', async () => {
  const reason = `Case ${Date.now().toString(36)}: a buyer in Köln asks for a ticket`
  const owner = server.world.accounts.find(({ role, email }) => role === 'owner' && email.includes('cellar'))

  const staff = await visitor(browser, server.url, { viewport: { width: 1280, height: 800 } })
  await signIn(
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
  await signIn(tenant.page, owner)
  await tenant.page.goto(`/organizer/${owner.organizer}/audit`)
  const entries = tenant.page.getByRole('listitem').filter({ has: tenant.page.locator('summary') })
  await entries.filter({ hasText: reason }).first().waitFor({ state: 'attached' })
  await tenant.context.close()
})
