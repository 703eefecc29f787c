// Somebody without an account holds at once, and keeps what they hold while they say who they are.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import {
  eventNamed,
  fillRegistration,
  holdBest,
  holdEach,
  launch,
  orders,
  register,
  somebody,
  startServer,
  visitor,
} from './harness.mjs'
import { agreeElsewhere, appCode, signIn, startProvider } from './people.mjs'

let server
let browser
let provider
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

const bar = (page) => page.getByRole('complementary', { name: 'Seats held for you' })
const pay = (page) => page.getByRole('button', { name: /^Pay/ })
const whoPays = (page) => page.getByRole('heading', { name: 'Who is paying?' })
const going = (page) => page.getByRole('heading', { name: 'You are going!' })

/** The hold of the checkout that is open. */
const heldIn = (page) => new URL(page.url()).searchParams.get('hold')

async function holdAsGuest(page, name = 'Midnight Brass') {
  await holdBest(page, server.url, name)
  await page.waitForURL(/\/checkout\?hold=hld_/)
  await whoPays(page).waitFor()
  await page.getByRole('timer').waitFor()
  return heldIn(page)
}

/** Goes on to an account that is there, in the place where paying will be. */
async function enter(page, { email, password }) {
  await page.getByRole('button', { name: 'I have an account' }).click()
  await page.getByLabel('Email').fill(email)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('main').getByRole('button', { name: 'Sign in', exact: true }).click()
}

/** Pays, and sees that it was for this hold. */
async function paysFor(page, hold) {
  await pay(page).click()
  await going(page).waitFor()
  const [order] = await orders(page)
  assert.deepEqual(order.holds, [hold])
}

/** Somebody with an account, who is not signed in here. */
async function member() {
  const person = somebody()
  const { context, page } = await visitor(browser, server.url)
  await register(page, person)
  return { person, page, context }
}

/** Turns the second factor of an account on; its recovery codes. */
async function turnFactorOn(page, person) {
  await signIn(page, person, '/account')
  const section = page.getByRole('region', { name: 'Second factor' })
  await section.getByRole('button', { name: 'Turn on', exact: true }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Your password').fill(person.password)
  await dialog.getByRole('button', { name: 'Continue', exact: true }).click()
  await dialog.getByLabel('Code the app shows').fill(appCode(await dialog.locator('code').textContent()))
  await dialog.getByRole('button', { name: 'Turn on', exact: true }).click()
  await dialog.getByText('Your recovery codes').waitFor()
  return dialog.locator('li').allTextContents()
}

test('a guest holds at once, registers where paying will be, and pays for the same places', async () => {
  const { context, page, errors } = await visitor(browser, server.url)
  const hold = await holdAsGuest(page)
  assert.equal(await pay(page).count(), 0)
  await fillRegistration(page, somebody())
  await pay(page).waitFor()
  assert.equal(heldIn(page), hold)
  await paysFor(page, hold)
  assert.deepEqual(errors, [])
  await context.close()
})

test('a guest signs in to an account that is there, and pays for the same places', async () => {
  const known = await member()
  await known.context.close()
  const { context, page, errors } = await visitor(browser, server.url)
  const hold = await holdAsGuest(page)
  // A wrong password costs nothing.
  await enter(page, { ...known.person, password: 'not the curtain' })
  await page.getByRole('alert').waitFor()
  await page.getByLabel('Password').fill(known.person.password)
  await page.getByRole('main').getByRole('button', { name: 'Sign in', exact: true }).click()
  await pay(page).waitFor()
  assert.equal(heldIn(page), hold)
  await paysFor(page, hold)
  assert.deepEqual(errors, [])
  await context.close()
})

test('a second factor is asked for in place, and the places stay held', async () => {
  const person = server.world.accounts.filter(({ role }) => role === 'fan')[1]
  const { context: first, page: account } = await visitor(browser, server.url)
  const [code] = await turnFactorOn(account, person)
  await first.close()
  const { context, page, errors } = await visitor(browser, server.url)
  const hold = await holdAsGuest(page)
  await enter(page, person)
  await page.getByLabel('Code of your second factor').fill(code)
  await page.getByRole('main').getByRole('button', { name: 'Sign in', exact: true }).click()
  await pay(page).waitFor()
  await paysFor(page, hold)
  assert.deepEqual(errors, [])
  await context.close()
})

test('a provider elsewhere sends a guest back to the places they held', async () => {
  const { context, page, errors } = await visitor(browser, server.url)
  const hold = await holdAsGuest(page)
  await page.getByRole('button', { name: 'Continue with Example' }).click()
  await agreeElsewhere(page, 'sam')
  await pay(page).waitFor()
  assert.equal(heldIn(page), hold)
  await paysFor(page, hold)
  assert.deepEqual(errors, [])
  await context.close()
})

test('a reload, another tab and the way back find what a guest holds', async () => {
  const { context, page, errors } = await visitor(browser, server.url)
  const hold = await holdAsGuest(page)
  await page.reload()
  await whoPays(page).waitFor()
  await page.getByRole('timer').waitFor()
  const other = await context.newPage()
  await other.goto('/')
  await bar(other).getByText('2 places held').waitFor()
  await page.goBack()
  await bar(page).getByText('2 places held').waitFor()
  await bar(page).getByRole('link', { name: 'To checkout' }).click()
  await whoPays(page).waitFor()

  // What one tab does the other knows.
  await bar(other).getByRole('link', { name: 'To checkout' }).click()
  await whoPays(other).waitFor()
  await fillRegistration(page, somebody())
  await pay(other).waitFor()
  assert.equal(heldIn(other), hold)
  await paysFor(page, hold)
  await other.waitForURL(/\/orders\/ord_/)
  assert.deepEqual(errors, [])
  await context.close()
})

test('two tabs that hold at the same time are one guest', async () => {
  const { context, page, errors } = await visitor(browser, server.url)
  const event = await eventNamed(server.url, 'Northern Lights Tour')
  const other = await context.newPage()
  const tabs = [page, other]
  for (const tab of tabs) {
    await tab.goto(`/events/${event.id}`)
    await tab.getByRole('button', { name: /^Hold the best/ }).waitFor()
  }
  await Promise.all(tabs.map((tab) => tab.getByRole('button', { name: /^Hold the best/ }).click()))
  for (const tab of tabs) await whoPays(tab).waitFor()
  assert.notEqual(heldIn(page), heldIn(other))
  await page.goto('/')
  await bar(page).getByRole('timer').nth(1).waitFor()
  assert.equal(await bar(page).getByRole('timer').count(), 2)
  assert.deepEqual(errors, [])
  await context.close()
})

test('a guest gives places back, and sees no page that takes an account', async () => {
  const { context, page, errors } = await visitor(browser, server.url)
  await holdAsGuest(page)
  for (const path of ['/orders', '/account', '/tickets', '/organizer']) {
    await page.goto(path)
    await page.waitForURL(/\/sign-in\?next=/)
    await page.getByRole('heading', { name: 'Come in' }).waitFor()
  }
  await page.goto('/')
  await page.getByRole('link', { name: 'Sign in', exact: true }).waitFor()
  assert.equal(await page.getByRole('button', { name: 'Account', exact: true }).count(), 0)
  await bar(page)
    .getByRole('button', { name: /^Give back/ })
    .click()
  await bar(page).waitFor({ state: 'detached' })
  assert.deepEqual(errors, [])
  await context.close()
})

test('what an account has no room for stays where it is, and is said', async () => {
  const { person, page: account, context: first } = await member()
  await holdEach(account, server.url, ['Midnight Brass', 'Northern Lights Tour', 'Open Mic Monday'])
  await first.close()
  const { context, page, errors } = await visitor(browser, server.url)
  await holdAsGuest(page)
  await signIn(page, person)
  await page.getByText('Your account already holds as much as one person may').waitFor()
  await bar(page).getByRole('timer').nth(2).waitFor()
  assert.equal(await bar(page).getByRole('timer').count(), 3)
  assert.deepEqual(errors, [])
  await context.close()
})

test('who takes their time keeps the places: a guest whose access is over is renewed on the way in', async () => {
  const { person, context: first } = await member()
  await first.close()
  for (const arrive of [(page) => fillRegistration(page, somebody()), (page) => enter(page, person)]) {
    const { context, page, errors } = await visitor(browser, server.url)
    const hold = await holdAsGuest(page)
    // As a browser does when its hour is over.
    await context.clearCookies({ name: '__Host-access' })
    await arrive(page)
    await pay(page).waitFor()
    assert.equal(heldIn(page), hold)
    await paysFor(page, hold)
    assert.deepEqual(errors, [])
    await context.close()
  }
})

test('a checkout goes on with what the account had room for', async () => {
  const { person, page: account, context: first } = await member()
  await holdEach(account, server.url, ['Northern Lights Tour', 'Open Mic Monday'])
  await first.close()
  const { context, page, errors } = await visitor(browser, server.url)
  const older = await holdAsGuest(page)
  const newer = await holdAsGuest(page)
  await page.goto(`/checkout?hold=${older},${newer}`)
  await enter(page, person)
  await page.getByText('Your account already holds as much as one person may').waitFor()
  await pay(page).waitFor()
  await page.waitForURL((url) => url.searchParams.get('hold') === newer)
  await paysFor(page, newer)
  assert.deepEqual(errors, [])
  await context.close()
})

test('a checkout of which the account had room for nothing says so', async () => {
  const { person, page: account, context: first } = await member()
  await holdEach(account, server.url, ['Midnight Brass', 'Northern Lights Tour', 'Open Mic Monday'])
  await first.close()
  const { context, page } = await visitor(browser, server.url)
  await holdAsGuest(page)
  await enter(page, person)
  await page.getByText('These places are not held for you').waitFor()
  await page.getByRole('link', { name: 'Choose again' }).click()
  await bar(page).getByRole('timer').nth(2).waitFor()
  await context.close()
})

test('where no more guests are let in, a sign-in is asked for and what was chosen is held then', async () => {
  const { context, page, errors } = await visitor(browser, server.url)
  const refusal = { code: 'rate_limited', message: 'too many attempts', details: {}, requestId: '-' }
  await page.route('**/api/v1/auth/guest', (route) =>
    route.fulfill({ status: 429, json: { error: { ...refusal, timestamp: new Date().toISOString() } } }),
  )
  await holdBest(page, server.url, 'Midnight Brass')
  const dialog = page.getByRole('dialog')
  await dialog.getByText('What you chose stays chosen').waitFor()
  await fillRegistration(dialog, somebody())
  await page.waitForURL(/\/checkout\?hold=hld_/)
  await paysFor(page, heldIn(page))
  assert.deepEqual(errors, [])
  await context.close()
})
