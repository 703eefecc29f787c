// The dialogs and the states in between that people come to only on their way through something.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import {
  eventNamed,
  holdBest,
  launch,
  organize,
  PATIENCE_MS,
  register,
  somebody,
  startServer,
  violations,
  visitor,
} from './harness.mjs'
import { addAuthenticator, agreeElsewhere, appCode, caller, signIn, startProvider } from './people.mjs'

let provider
let server
let browser
before(async () => {
  server = await startServer(async (url) => {
    provider = await startProvider(url)
    return provider.settings
  })
  browser = await launch()
})
after(async () => {
  await browser?.close()
  await server?.stop()
  provider?.stop()
})

const THEMES = [
  { colorScheme: 'light', viewport: { width: 1280, height: 800 } },
  { colorScheme: 'dark', viewport: { width: 390, height: 844 } },
]
const accountsOf = (role) => server.world.accounts.filter((account) => account.role === role)

for (const [index, theme] of THEMES.entries()) {
  const cleanOf = (t, page) => (name) =>
    t.test(name, async () => assert.deepEqual(await violations(page), []))
  const options = { ...theme, bypassCSP: true, reducedMotion: 'reduce' }

  test(`axe-core finds nothing on the dialogs of an account, ${theme.colorScheme}`, async (t) => {
    const { context, page } = await visitor(browser, server.url, options)
    const clean = cleanOf(t, page)
    const fan = accountsOf('fan')[index]
    await signIn(page, fan, '/account')
    await page.getByRole('heading', { name: 'Devices' }).waitFor()
    const close = () => page.getByRole('dialog').getByRole('button', { name: 'Close' }).click()
    for (const [section, button] of [
      ['Email and phone', 'Change'],
      ['Email and phone', 'Add'],
      ['Password', 'Change password'],
      ['Passkeys', 'Add a passkey'],
      ['Your data', 'Download my data'],
    ]) {
      const region = page.getByRole('region', { name: section, exact: true })
      const opener = region.getByRole('button', { name: button, exact: true })
      // A phone that is known already is changed, not added.
      if ((await opener.count()) === 0) continue
      await opener.first().click()
      await page.getByRole('dialog').waitFor()
      await clean(`${section}: ${button}`)
      await close()
    }
    const second = page.getByRole('region', { name: 'Second factor' })
    await second.getByRole('button', { name: 'Turn on' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Your password').fill('not the password')
    await dialog.getByRole('button', { name: 'Continue' }).click()
    await dialog.getByText('That password is not right.').waitFor()
    await clean('a wrong password')
    await dialog.getByLabel('Your password').fill(fan.password)
    await dialog.getByRole('button', { name: 'Continue' }).click()
    await dialog.getByRole('img', { name: 'The secret as a symbol' }).waitFor()
    await clean('second factor: the secret')
    const secret = await dialog.locator('code').textContent()
    await dialog.getByLabel('Code the app shows').fill(appCode(secret))
    await dialog.getByRole('button', { name: 'Turn on' }).click()
    await page.getByRole('dialog', { name: 'Your recovery codes' }).waitFor()
    await clean('second factor: recovery codes')
    const recovery = await page.getByRole('dialog').locator('li').allTextContents()
    await page.getByRole('button', { name: 'I have kept them' }).click()
    await second.getByRole('button', { name: 'Turn off' }).click()
    await page.getByLabel('Code of your second factor').waitFor()
    await clean('second factor: off')
    await close()

    await addAuthenticator(page)
    const press = async (scope, name) => scope.getByRole('button', { name, exact: true }).click()
    const prove = async (action) => {
      await dialog.getByLabel('Your password').fill(fan.password)
      const code = dialog.getByLabel('Code of your second factor')
      if (await code.count()) await code.fill(recovery.pop())
      await press(dialog, action)
      await dialog.waitFor({ state: 'detached' })
    }
    await press(page, 'Add a passkey')
    await dialog.getByLabel('Name').fill('my phone')
    await prove('Add a passkey')
    await press(page, 'Rename my phone')
    await dialog.waitFor()
    await clean('a passkey gets a name')
    await close()
    await press(page, 'Remove my phone')
    await dialog.waitFor()
    await clean('a passkey goes')
    await close()
    const identity = page.getByRole('region', { name: 'Who you are' })
    await identity.getByLabel('Country that issued it').fill('DE')
    await identity.getByLabel('Its number').fill('L01X00T47')
    await press(identity, 'Hand in')
    await identity.getByText('waits to be looked at').waitFor()
    await press(page, 'Link Example')
    await dialog.waitFor()
    await clean('an account elsewhere is linked')
    await dialog.getByLabel('Your password').fill(fan.password)
    await dialog.getByLabel('Code of your second factor').fill(recovery.pop())
    await press(dialog, 'Continue')
    await agreeElsewhere(page, `ada-${index}`)
    await page.getByText(`ada-${index}@example.org`).waitFor()
    await clean('an account with a bit of everything')
    await press(page.getByRole('region', { name: 'Programs and teams' }), 'Remove')
    await dialog.waitFor()
    await clean('an account elsewhere is let go')
    await close()

    await page.goto('/invitation#token=nobody-sent-this')
    await page.getByRole('heading', { name: 'You are invited' }).waitFor()
    await clean('an invitation')
    await page.getByRole('button', { name: 'Join' }).click()
    await page.getByRole('alert').waitFor()
    await clean('an invitation that is none')
    await context.close()
  })

  test(`axe-core finds nothing where somebody lets a program in, ${theme.colorScheme}`, async (t) => {
    const { context, page } = await visitor(browser, server.url, options)
    const clean = cleanOf(t, page)
    const owner = accountsOf('owner')[0]
    const call = await caller(server.url, owner)
    const { client } = await call('POST', `/organizers/${owner.organizer}/clients`, {
      name: `Seats in ${theme.colorScheme}`,
      kind: 'public',
      redirectUris: ['http://127.0.0.1/back'],
      grantTypes: ['authorization_code'],
      scopes: ['profile.read', 'orders.read'],
    })
    const query = {
      client_id: client.id,
      redirect_uri: 'http://127.0.0.1/back',
      response_type: 'code',
      scope: 'profile.read orders.read',
      state: 'of the test',
      code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
      code_challenge_method: 'S256',
    }
    await page.goto(`/oauth/authorize?${new URLSearchParams(query)}`)
    await page.getByRole('heading', { level: 1 }).waitFor()
    await clean('asked')
    await page.getByLabel(/mail/i).fill(owner.email)
    await page.getByLabel(/password/i).fill('not the password')
    await page.getByRole('button', { name: 'Sign in and allow' }).click()
    await page.getByRole('alert').waitFor()
    await clean('a wrong password')
    await page.goto(`/oauth/authorize?${new URLSearchParams({ ...query, response_type: 'token' })}`)
    await page.getByRole('main').waitFor()
    await clean('a mistake of the program')
    await page.goto('/oauth/authorize?client_id=nobody')
    await page.getByRole('main').waitFor()
    await clean('no such program')
    await context.close()
  })

  test(`axe-core finds nothing at the bank, ${theme.colorScheme}`, async (t) => {
    const { context, page } = await visitor(browser, server.url, options)
    const clean = cleanOf(t, page)
    await signIn(page, accountsOf('fan')[index + 2])
    await holdBest(page, server.url, 'Midnight Brass')
    await page.getByLabel('Card whose bank asks you first').check()
    await page.getByRole('button', { name: /^Pay/ }).click()
    const bank = page.getByRole('link', { name: "Open the bank's page" })
    await bank.waitFor()
    await clean('the bank wants to know')
    await bank.click()
    await page.getByRole('heading', { name: 'Simulated bank' }).waitFor()
    await clean('the page of the bank')
    await page.getByRole('button', { name: 'Approve' }).click()
    await page.getByRole('heading', { name: 'You are going!' }).waitFor()
    await context.close()
  })

  test(`axe-core finds nothing on an order of the organizer's and at a secret, ${theme.colorScheme}`, async (t) => {
    const { context, page } = await visitor(browser, server.url, options)
    const clean = cleanOf(t, page)
    const owner = accountsOf('owner').find(({ email }) => email.includes('cellar'))
    await signIn(page, owner)
    // Of the one that a fan bought before.
    await page.goto(`/organizer/${owner.organizer}/orders`)
    await page
      .getByRole('link', { name: /^Order of/ })
      .first()
      .click()
    await page.getByRole('heading', { name: 'Tickets' }).waitFor()
    await clean('an order')
    await page.getByRole('button', { name: 'Refund …' }).click()
    await page.getByText(/^Goes back for/).waitFor()
    await clean('a refund, looked at')
    await page.getByRole('button', { name: 'Refund now' }).click()
    await page.getByText('Say why, please.').waitFor()
    await clean('a refund without a reason')
    await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click()
    await page.getByRole('table', { name: 'Tickets' }).getByRole('button').first().click()
    await page.getByRole('heading', { name: 'At the door' }).waitFor()
    await clean('a ticket')
    await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click()

    await page.goto(`/organizer/${owner.organizer}/programs`)
    await page.getByRole('button', { name: 'New API key' }).click()
    const form = page.getByRole('dialog', { name: 'New API key' })
    await form.getByLabel('Name').fill(`Screen in ${theme.colorScheme}`)
    await form.getByRole('button', { name: 'Create' }).click()
    await page.getByRole('button', { name: 'I have kept it' }).waitFor()
    await clean('a secret, shown once')
    await page.getByRole('button', { name: 'I have kept it' }).click()
    await page.getByRole('button', { name: `End Screen in ${theme.colorScheme}` }).click()
    await page.getByRole('dialog').waitFor()
    await clean('a key, ended')
    await context.close()
  })
}

test('axe-core finds nothing on a hold that runs out', async (t) => {
  const { context, page } = await visitor(browser, server.url, { bypassCSP: true, reducedMotion: 'reduce' })
  const clean = async (name) => {
    for (const { colorScheme } of THEMES) {
      await page.emulateMedia({ colorScheme })
      await t.test(`${name}, ${colorScheme}`, async () => assert.deepEqual(await violations(page), []))
    }
  }
  const event = await eventNamed(server.url, 'The Paper Whale')
  await organize(server, event.id, 'PATCH', '', { holdSeconds: 36 })
  await register(page, somebody())
  await holdBest(page, server.url, event.name)
  await page
    .getByText('Less than half a minute left. Pay now, or the places go back on sale.')
    .first()
    .waitFor()
  await clean('the last seconds of a hold')
  await page.getByRole('heading', { name: 'The hold ran out' }).waitFor({ timeout: 2 * PATIENCE_MS })
  await clean('a hold that ran out')
  await context.close()
})
