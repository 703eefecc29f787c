// What people do with their account, and the ways into it.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import { launch, register, somebody, startServer, visitor } from './harness.mjs'
import { addAuthenticator, agreeElsewhere, appCode, signIn, startProvider } from './people.mjs'

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

/** The people of the demo world have shown that their addresses are theirs; each test has one of them. */
const fan = (index) => server.world.accounts.filter(({ role }) => role === 'fan')[index]
const DESKTOP = { viewport: { width: 1280, height: 800 } }

const section = (page, name) => page.getByRole('region', { name, exact: true })
const press = (scope, name) => scope.getByRole('button', { name, exact: true }).click()

async function openAccount(page, person) {
  await signIn(page, person, '/account')
  await page.getByRole('heading', { name: 'Devices' }).waitFor()
}

/** Answers the dialog that asks for the password again. */
async function prove(page, { password }, action) {
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Your password').fill(password)
  await press(dialog, action)
}

async function signOut(page) {
  await press(page, 'Account')
  await press(page.getByRole('banner'), 'Sign out')
  await page.getByRole('link', { name: 'Sign in' }).first().waitFor()
}

test('a passkey is made, and opens the account without a password', async () => {
  const person = fan(0)
  const { context, page, errors } = await visitor(browser, server.url, DESKTOP)
  await addAuthenticator(page)
  await openAccount(page, person)
  const passkeys = section(page, 'Passkeys')
  await press(passkeys, 'Add a passkey')
  await page.getByRole('dialog').getByLabel('Name').fill('my laptop')
  await prove(page, person, 'Add a passkey')
  await passkeys.getByText('my laptop').waitFor()
  await press(passkeys, 'Rename my laptop')
  const renaming = page.getByRole('dialog', { name: 'Rename my laptop' })
  await renaming.getByLabel('Name').fill('the red laptop')
  await press(renaming, 'Rename')
  await passkeys.getByText('the red laptop').waitFor()

  await signOut(page)
  await page.goto('/sign-in?next=/account')
  await press(page, 'Use a passkey')
  await page.waitForURL(/\/account/)
  await passkeys.getByText('the red laptop').waitFor()
  await press(passkeys, 'Remove the red laptop')
  await prove(page, person, 'Remove')
  await passkeys.getByText('No passkeys yet.').waitFor()
  assert.deepEqual(errors, [])
  await context.close()
})

test('a second factor is asked for once it is on, and a recovery code will do', async () => {
  const person = fan(1)
  const { context, page, errors } = await visitor(browser, server.url, DESKTOP)
  await openAccount(page, person)
  const second = section(page, 'Second factor')
  await press(second, 'Turn on')
  await prove(page, person, 'Continue')
  const dialog = page.getByRole('dialog')
  const secret = await dialog.locator('code').textContent()
  await dialog.getByLabel('Code the app shows').fill(appCode(secret))
  await press(dialog, 'Turn on')
  await dialog.getByText('Your recovery codes').waitFor()
  const codes = await dialog.locator('li').allTextContents()
  assert.equal(codes.length, 10)
  await press(dialog, 'I have kept them')
  await second.getByText('10 recovery codes are left').waitFor()

  await signOut(page)
  await page.goto('/sign-in?next=/account')
  const form = page.getByRole('main')
  await form.getByLabel('Email').fill(person.email)
  await form.getByLabel('Password').fill(person.password)
  await press(form, 'Sign in')
  const code = form.getByLabel('Code of your second factor')
  await code.fill('no code')
  await press(form, 'Sign in')
  await form.getByRole('alert').waitFor()
  await code.fill(codes[0])
  await press(form, 'Sign in')
  await second.getByText('9 recovery codes are left').waitFor()
  assert.deepEqual(errors, [])
  await context.close()
})

test('a document is handed in once, and waits', async () => {
  const { context, page, errors } = await visitor(browser, server.url, DESKTOP)
  await openAccount(page, fan(2))
  const identity = section(page, 'Who you are')
  await identity.getByLabel('Document').selectOption('id_card')
  await identity.getByLabel('Country that issued it').fill('de')
  await identity.getByLabel('Its number').fill('L01X00T47')
  await press(identity, 'Hand in')
  await identity.getByText('Identity card, DE').waitFor()
  await identity.getByText('waits to be looked at').waitFor()
  await identity.getByRole('button', { name: 'Hand in' }).waitFor({ state: 'detached' })
  assert.deepEqual(errors, [])
  await context.close()
})

test('whoever has shown no address to be theirs is told what comes first', async () => {
  const { context, page } = await visitor(browser, server.url, DESKTOP)
  await register(page, somebody(), '/account')
  await section(page, 'Who you are').getByText('Verify your email or phone first.').waitFor()
  await context.close()
})

test('everything known about a person can be taken along, and then erased', async () => {
  const person = somebody()
  const { context, page, errors } = await visitor(browser, server.url, DESKTOP)
  await register(page, person, '/account')
  const data = section(page, 'Your data')
  await press(data, 'Download my data')
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    prove(page, person, 'Download my data'),
  ])
  const known = await readFile(await download.path(), 'utf8')
  assert.ok(known.includes(person.email) && known.includes(person.name), known.slice(0, 400))

  await press(data, 'Delete account')
  await prove(page, person, 'Delete it for good')
  await page.getByText('Your account is gone. Farewell.').waitFor()
  await page.getByRole('link', { name: 'Sign in' }).first().waitFor()
  await page.goto('/sign-in')
  const form = page.getByRole('main')
  await form.getByLabel('Email').fill(person.email)
  await form.getByLabel('Password').fill(person.password)
  await press(form, 'Sign in')
  await form.getByRole('alert').waitFor()
  assert.deepEqual(errors, [])
  await context.close()
})

test('somebody signs in by an account elsewhere, and is where they wanted to be', async () => {
  const { context, page, errors } = await visitor(browser, server.url, DESKTOP)
  await page.goto('/sign-in?next=/orders')
  await press(page, 'Continue with Example')
  await agreeElsewhere(page, 'robin')
  await page.waitForURL(`${server.url}/orders`)
  await page.goto('/account')
  await page.getByRole('heading', { name: 'robin of elsewhere', level: 1 }).waitFor()
  assert.deepEqual(errors, [])
  await context.close()
})

test('an account is linked with one elsewhere, and opened by it', async () => {
  const person = fan(3)
  const { context, page, errors } = await visitor(browser, server.url, DESKTOP)
  await openAccount(page, person)
  const name = await page.getByRole('heading', { level: 1 }).textContent()
  await press(section(page, 'Programs and teams'), 'Link Example')
  await prove(page, person, 'Continue')
  await agreeElsewhere(page, 'kim')
  await page.waitForURL(/\/account/)
  await section(page, 'Programs and teams').getByText('kim@example.org').waitFor()

  await signOut(page)
  await page.goto('/sign-in?next=/account')
  // The provider remembers who sits there.
  await press(page, 'Continue with Example')
  await page.getByRole('heading', { name, level: 1 }).waitFor()
  assert.deepEqual(errors, [])
  await context.close()
})

test('who turns away at the provider, or comes back by somebody else’s way, is signed in to nothing', async () => {
  const { context, page, errors } = await visitor(browser, server.url)
  await page.goto('/sign-in/example?code=somebody-elses&state=x')
  await page.getByText('was begun in another tab').waitFor()
  await page.getByRole('link', { name: 'Back to signing in' }).click()
  await press(page, 'Continue with Example')
  await page.getByRole('link', { name: /Cancel/ }).click()
  await page.getByText('You said no at Example').waitFor()
  await page.goto('/sign-in/example?code=somebody-elses&state=x')
  await page.getByText('did not work').waitFor()
  assert.deepEqual(errors, [])
  await context.close()
})
