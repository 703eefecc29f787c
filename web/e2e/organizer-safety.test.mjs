// What an organizer typed outlives the steps of the event and the work of others.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { launch, startServer, violations, visitor } from './harness.mjs'
import { caller } from './people.mjs'

let server
let browser
let owner
before(async () => {
  server = await startServer()
  owner = server.world.accounts.find(({ role, email }) => role === 'owner' && email.includes('cellar'))
  browser = await launch()
})
after(async () => {
  await browser?.close()
  await server?.stop()
})

/** Calls the API with the session of the page. */
const call = (page, method, path, body) =>
  page.evaluate(
    async ([method, path, body]) => {
      const csrf = document.cookie.match(/__Host-csrf=([^;]+)/)?.[1]
      const headers = {
        'content-type': 'application/json',
        'x-session': 'cookie',
        'idempotency-key': crypto.randomUUID(),
        ...(csrf && { 'x-csrf-token': decodeURIComponent(csrf) }),
      }
      const answer = await fetch(`/api/v1${path}`, { method, headers, body: JSON.stringify(body) })
      const text = await answer.text()
      if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`)
      return text ? JSON.parse(text) : undefined
    },
    [method, path, body],
  )

/** The set-up page of an event that is not public yet, where nobody else looks. */
async function draftEvent() {
  const session = await visitor(browser, server.url, {
    viewport: { width: 1280, height: 800 },
    bypassCSP: true,
  })
  const { page } = session
  await page.clock.install()
  await page.goto('/')
  const { email, password, organizer } = owner
  await call(page, 'POST', '/auth/login', { email, password })
  const sold = server.world.events.find((event) => event.organizer === organizer)
  const { venueId, seatMapId, currency, priceLevels } = await call(
    page,
    'GET',
    `/organizers/${organizer}/events/${sold.id}`,
  )
  const path = `/organizers/${organizer}/events`
  const event = await call(page, 'POST', path, {
    venueId,
    seatMapId,
    currency,
    name: 'A Night to Come',
    type: 'concert',
    startsAt: new Date(Date.now() + 30 * 86_400_000).toISOString(),
    priceLevels: priceLevels.map(({ key, name, price }) => ({ key, name, amount: price.amount })),
  })
  await page.goto(`/organizer/${organizer}/events/${event.id}`)
  await page.getByLabel('Name of the event').waitFor()
  const here = `${path}/${event.id}`
  const read = () => call(page, 'GET', here)
  return { ...session, here, read }
}

/** The owner ends every session of theirs on another device. */
async function endElsewhere() {
  const device = await caller(server.url, owner)
  await device('DELETE', '/me/sessions')
}

/** On the page that asks for it. */
async function signInAgain(page, { email, password }) {
  await page.waitForURL(/\/sign-in/)
  const form = page.getByRole('main')
  await form.getByLabel('Email').fill(email)
  await form.getByLabel('Password').fill(password)
  await form.getByRole('button', { name: 'Sign in', exact: true }).click()
}

/** The person comes back to the tab, and what was fetched is old by now. */
async function comeBack(page) {
  const fetched = page.waitForResponse(/\/organizers\/[^/]+\/events\/evt_\w+$/)
  await page.clock.fastForward(60_000)
  await page.evaluate(() => window.dispatchEvent(new Event('visibilitychange')))
  await fetched
}

test('what is typed stands in the way of publishing until it is saved or discarded', async () => {
  const { context, page, read, errors } = await draftEvent()
  const name = page.getByLabel('Name of the event')
  const publish = page.getByRole('button', { name: 'Publish' })
  const unsaved = page.getByText('There are changes below that are not saved')
  await name.fill('A Night to Remember')
  await unsaved.waitFor()
  assert.equal(await publish.isDisabled(), true)
  await page.getByRole('button', { name: 'Discard changes' }).click()
  await unsaved.waitFor({ state: 'detached' })
  assert.equal(await name.inputValue(), 'A Night to Come')

  await name.fill('A Night to Remember')
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await unsaved.waitFor({ state: 'detached' })
  await publish.click()
  await page.getByRole('dialog').getByRole('button', { name: 'Publish' }).click()
  await page.getByText('Public, and sold in its sale windows.').waitFor()
  assert.equal((await read()).name, 'A Night to Remember')

  // A step that cannot wait takes nothing away.
  await name.fill('A Night to Forget')
  await page.getByRole('button', { name: 'Take off sale' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Take off sale' }).click()
  await publish.waitFor()
  assert.equal(await name.inputValue(), 'A Night to Forget')
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await unsaved.waitFor({ state: 'detached' })
  assert.equal((await read()).name, 'A Night to Forget')
  assert.deepEqual(errors, [])
  await context.close()
})

test('what somebody else changed meanwhile comes in beside what is typed', async () => {
  const { context, page, here, read, errors } = await draftEvent()
  const name = page.getByLabel('Name of the event')
  const lasts = page.getByLabel('Lasts')
  await name.fill('A Night to Remember')
  const before = await read()
  const endsAt = new Date(Date.parse(before.startsAt) + 95 * 60_000).toISOString()
  await call(page, 'PATCH', here, { endsAt, version: before.version })
  await comeBack(page)
  await page.waitForFunction(() =>
    [...document.querySelectorAll('input')].some(({ value }) => value === '95'),
  )
  assert.equal(await lasts.inputValue(), '95')
  assert.equal(await name.inputValue(), 'A Night to Remember')

  const { version } = await read()
  await call(page, 'PATCH', here, { name: 'Somebody else’s night', version })
  await comeBack(page)
  await page.getByText('This event was changed while you were at it').waitFor()
  assert.equal(await name.inputValue(), 'A Night to Remember')
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await page.getByText('There are changes below that are not saved').waitFor({ state: 'detached' })
  assert.equal((await read()).name, 'A Night to Remember')
  assert.deepEqual(errors, [])
  await context.close()
})

test('what is typed is there again for whoever signs in again after their session has ended', async () => {
  const { context, page, read, errors } = await draftEvent()
  const name = page.getByLabel('Name of the event')
  await name.fill('A Night to Remember')
  await page.getByText('There are changes below that are not saved').waitFor()
  await endElsewhere()
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await signInAgain(page, owner)
  await page.getByText('There are changes below that are not saved').waitFor()
  assert.equal(await name.inputValue(), 'A Night to Remember')
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await page.getByText('There are changes below that are not saved').waitFor({ state: 'detached' })
  assert.equal((await read()).name, 'A Night to Remember')

  // Somebody else sees nothing of it.
  await name.fill('A Night to Forget')
  await endElsewhere()
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await page.waitForURL(/\/sign-in/)
  const manager = server.world.accounts.find(
    ({ role, organizer }) => role === 'manager' && organizer === owner.organizer,
  )
  await signInAgain(page, manager)
  await name.waitFor()
  assert.equal(await name.inputValue(), 'A Night to Remember')
  assert.deepEqual(errors, [])
  await context.close()
})

test('a venue that is being described when the session ends is there again in its dialog', async () => {
  const { context, page, errors } = await visitor(browser, server.url, {})
  const { email, password, organizer } = owner
  await page.goto('/')
  await call(page, 'POST', '/auth/login', { email, password })
  const dialog = page.getByRole('dialog', { name: 'New venue' })
  const open = () => page.getByRole('button', { name: 'New venue' }).click()
  await page.goto(`/organizer/${organizer}/venues`)
  await open()
  await dialog.getByLabel('Name').fill('The Lantern')
  await dialog.getByLabel('City').fill('Porto')
  await dialog.getByLabel('Country, two letters').fill('PT')
  await endElsewhere()
  await dialog.getByRole('button', { name: 'Add venue' }).click()
  await signInAgain(page, owner)
  await open()
  await page.waitForFunction(() =>
    [...document.querySelectorAll('dialog input')].some(({ value }) => value === 'The Lantern'),
  )
  await dialog.getByRole('button', { name: 'Add venue' }).click()
  await page.getByRole('heading', { name: 'The Lantern', level: 1 }).waitFor()
  assert.deepEqual(errors, [])
  await context.close()
})

test('a page with something typed in it is left on purpose only', async () => {
  const { context, page, errors } = await draftEvent()
  // The page that is left for is on its way until it may come: links ask for it before they are followed.
  let arrive
  const mayArrive = new Promise((resolve) => {
    arrive = resolve
  })
  let isAwaited = false
  await page.route(/\/AttendeesPage-[\w-]+\.js$/, async (route) => {
    isAwaited = true
    await mayArrive
    await route.continue()
  })
  const name = page.getByLabel('Name of the event')
  const dialog = page.getByRole('dialog', { name: 'Leave without saving?' })
  await name.fill('A Night to Remember')
  await page.getByRole('link', { name: 'Attendees' }).click()
  await dialog.getByRole('button', { name: 'Stay here' }).click()
  await dialog.waitFor({ state: 'detached' })
  assert.equal(await name.inputValue(), 'A Night to Remember')
  await page.getByRole('link', { name: 'Attendees' }).click()
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    await dialog.waitFor()
    assert.deepEqual(await violations(page), [], colorScheme)
  }
  // Whoever has left is not asked again while the next page is still on its way.
  await dialog.getByRole('button', { name: 'Leave' }).click()
  await page.waitForURL(/\/attendees$/)
  await page.getByRole('link', { name: 'Events', exact: true }).first().click()
  await page.getByRole('link', { name: 'New event' }).click()
  assert.equal(isAwaited, true)
  arrive()
  await page.getByLabel('Name of the event').fill('Another Night')
  await page.goBack()
  await dialog.getByRole('button', { name: 'Stay here' }).click()
  assert.equal(await page.getByLabel('Name of the event').inputValue(), 'Another Night')
  assert.deepEqual(errors, [])
  await context.close()
})
