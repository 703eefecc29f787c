import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { counted, launch, register, somebody, startServer, visitor } from './harness.mjs'
import { seatMap } from './organizer-map.mjs'

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

const DESKTOP = { viewport: { width: 1280, height: 800 } }

/** A wall-clock time some days ahead, as the form takes it. */
const daysAhead = (days) => `${new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10)}T20:00`

async function signIn(page, account) {
  await page.goto('/sign-in')
  await page.getByLabel('Email').fill(account.email)
  await page.getByLabel('Password').fill(account.password)
  await page.getByRole('main').getByRole('button', { name: 'Sign in', exact: true }).click()
  await page.getByRole('button', { name: 'Account', exact: true }).waitFor()
}

const accountOf = (role, place) =>
  server.world.accounts.find((one) => one.role === role && one.email.includes(place))

test('from an empty stage to a sold seat and its money back', async (t) => {
  const { context, page, errors } = await visitor(browser, server.url, DESKTOP)
  const name = `Curtain Call ${Date.now().toString(36)}`

  await t.test('a newcomer starts an organizer', async () => {
    await register(page, somebody(), '/organizer')
    await page.getByLabel('Name', { exact: true }).fill(name)
    await page.getByRole('button', { name: 'Create organizer' }).click()
    await page.getByRole('heading', { name: 'Today', level: 1 }).waitFor()
    await page.getByText('The stage is empty').waitFor()
  })

  await t.test('adds a venue, and is told which field is wrong', async () => {
    await page.getByRole('link', { name: 'Venues' }).click()
    await page.getByRole('button', { name: 'New venue' }).click()
    const dialog = page.getByRole('dialog', { name: 'New venue' })
    await dialog.getByLabel('Country, two letters').fill('Germany')
    await dialog.getByRole('button', { name: 'Add venue' }).click()
    assert.equal(await dialog.getByLabel('Name').getAttribute('aria-invalid'), 'true')
    assert.equal(await dialog.getByLabel('Name').evaluate((field) => field === document.activeElement), true)
    await dialog.getByLabel('Name').fill(`${name} House`)
    await dialog.getByLabel('City').fill('Berlin')
    await dialog.getByLabel('Country, two letters').fill('DE')
    await dialog.getByLabel('Time zone').selectOption('Europe/Berlin')
    await dialog.getByRole('button', { name: 'Add venue' }).click()
    await page.getByRole('heading', { name: `${name} House`, level: 1 }).waitFor()
  })

  await t.test('imports a seat map after seeing what is in it', async () => {
    const field = page.getByLabel('Choose or drop a .json file')
    await field.setInputFiles({
      name: 'x.json',
      mimeType: 'application/json',
      buffer: Buffer.from('{"a":1}'),
    })
    await page.getByText('That is neither a seat map of ours').waitFor()
    const file = Buffer.from(JSON.stringify(seatMap))
    await field.setInputFiles({ name: 'map.json', mimeType: 'application/json', buffer: file })
    await page.getByText('Seat map with 8 seats in 1 sections and 1 standing areas.').waitFor()
    await page.getByRole('button', { name: 'Save as new version' }).click()
    await page.getByRole('rowheader', { name: /Version 1/ }).waitFor()
  })

  await t.test('sets an event up and publishes it', async () => {
    await page.getByRole('link', { name: 'Events', exact: true }).click()
    await page.getByRole('link', { name: 'New event' }).click()
    await page.getByRole('button', { name: 'Create draft' }).click()
    await page.getByRole('alert').filter({ hasText: 'fields need another look' }).waitFor()
    await page.getByLabel('Name of the event').fill(`${name} Night`)
    await page.getByLabel('Performers').fill('Earth, Wind & Mill\nThe Millers')
    await page.getByLabel('Venue').selectOption({ label: `${name} House, Berlin` })
    await page.getByLabel('Seat map').selectOption({ index: 1 })
    await page.getByLabel('Starts').fill(daysAhead(30))
    await page.getByLabel('Stalls, EUR').fill('45.00')
    await page.getByLabel('Floor, EUR').fill('30,5')
    await page.getByRole('button', { name: 'Create draft' }).click()
    await page.getByRole('heading', { name: `${name} Night`, level: 1 }).waitFor()
    await page.getByText('A draft: only your team sees it.').waitFor()
    assert.equal(await page.getByLabel('Performers').inputValue(), 'Earth, Wind & Mill\nThe Millers')
    await page.getByRole('button', { name: 'Publish' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Publish' }).click()
    await page.getByText('Public, and sold in its sale windows.').waitFor()
  })

  const event = /events\/(evt_\w+)/.exec(page.url())[1]
  const buyer = somebody()

  await t.test('keeps a seat off sale', async () => {
    await page.getByRole('link', { name: 'Blocks' }).click()
    await page.getByRole('button', { name: 'Row 2, seat 4, free' }).click()
    await page.getByRole('button', { name: 'Block 1 seat' }).click()
    await page.getByRole('button', { name: 'Row 2, seat 4, blocked' }).waitFor()
  })

  await t.test('keeps places for somebody, and gives them back', async () => {
    const seats = page.getByRole('region', { name: 'Seats' })
    await page.getByRole('button', { name: 'Row 2, seat 3, free' }).click()
    await seats.getByLabel('For whom (optional)').fill('Sponsor Nordbank')
    await page.getByRole('button', { name: 'Block 1 seat' }).click()
    await page.getByRole('button', { name: 'Row 2, seat 3, blocked for Sponsor Nordbank' }).waitFor()
    const areas = page.getByRole('region', { name: 'Standing areas' })
    await areas.getByLabel('For whom (optional)').fill('Press')
    await areas.getByLabel('Places to block').fill('10')
    await areas.getByRole('button', { name: 'Block places' }).click()
    await areas.getByText('0 sold · 0 held · 10 blocked · 40 free').waitFor()

    await page.getByRole('button', { name: 'Release: Press' }).click()
    const dialog = page.getByRole('dialog', { name: 'Release: Press' })
    await dialog.getByLabel('How many places of Floor').fill('4')
    await dialog.getByRole('button', { name: 'Put on sale' }).click()
    await areas.getByText('0 sold · 0 held · 6 blocked · 44 free').waitFor()
    for (const holder of ['Press', 'Sponsor Nordbank']) {
      await page.getByRole('button', { name: `Release: ${holder}` }).click()
      await page.getByRole('dialog').getByRole('button', { name: 'Put on sale' }).click()
      await page.getByRole('button', { name: `Release: ${holder}` }).waitFor({ state: 'detached' })
    }
    await page.getByText('No place is kept for anybody.').waitFor()
    await page.getByRole('button', { name: 'Row 2, seat 3, free' }).waitFor()
  })

  await t.test('watches a fan buy', async () => {
    await page.getByRole('link', { name: 'Live sale' }).click()
    const board = page.getByRole('region', { name: 'Sale so far' })
    await board.getByText('Live', { exact: true }).waitFor()
    assert.match(await board.textContent(), /Sold0Held0Free57Blocked1/)
    const fan = await visitor(browser, server.url)
    await register(fan.page, buyer, `/events/${event}`)
    const floor = { areas: [{ id: 'F', quantity: 3 }] }
    assert.equal((await fan.page.evaluate(buy, { event, places: floor })).status, 'completed')
    const stalls = { seats: ['S-1-1', 'S-1-2'] }
    assert.equal((await fan.page.evaluate(buy, { event, places: stalls })).status, 'completed')
    await fan.context.close()
    await page.waitForFunction(() =>
      /Sold5Held0Free52/.test(document.querySelector('section[aria-label="Sale so far"]').textContent),
    )
    await page.getByText('3 sold · 0 held · 47 free').waitFor()
    await board.getByText('€181.50').waitFor()
    await page.getByRole('img', { name: /5 tickets in the last hour/ }).waitFor()
  })

  await t.test('sees what a refund brings, then gives one ticket back', async () => {
    await page.getByRole('link', { name: 'Orders', exact: true }).click()
    await page
      .getByRole('link', { name: /^Order of/ })
      .first()
      .click()
    await page.getByRole('button', { name: 'Refund …' }).click()
    const dialog = page.getByRole('dialog', { name: 'Give money back' })
    await dialog.getByText('Goes back for 2 tickets').waitFor()
    await dialog.getByLabel('Stalls, row 1, seat 2').uncheck()
    await dialog.getByText('Goes back for 1 ticket').waitFor()
    assert.match(await dialog.textContent(), /Goes back for 1 ticket€45\.00/)
    // Looking changed nothing.
    const sold = await page.evaluate(async () => {
      const [, org, order] = /organizer\/(org_\w+)\/orders\/(ord_\w+)/.exec(location.pathname)
      return (await fetch(`/api/v1/organizers/${org}/orders/${order}`)).json()
    })
    assert.deepEqual(
      sold.tickets.map(({ status }) => status),
      ['issued', 'issued'],
    )
    await dialog.getByRole('button', { name: 'Refund now' }).click()
    await dialog.getByText('Say why, please.').waitFor()
    await dialog.getByLabel('Reason').fill('Row under water')
    await dialog.getByRole('button', { name: 'Refund now' }).click()
    await page.getByText('Partly refunded').waitFor()
    await counted(page.getByRole('row').filter({ hasText: 'Stalls, row 1, seat 1' }).getByText('Refunded'), 1)
    await counted(page.getByRole('row').filter({ hasText: 'Stalls, row 1, seat 2' }).getByText('Valid'), 1)
  })

  await t.test('finds orders by who bought, and tickets by who has them', async () => {
    const nav = page.getByRole('navigation', { name: 'Organizer' })
    await nav.getByRole('link', { name: 'Orders' }).click()
    const found = page.getByRole('link', { name: /^Order of/ })
    await found.nth(1).waitFor()
    await page.getByLabel('Status').selectOption({ label: 'Partly refunded' })
    await found.nth(1).waitFor({ state: 'detached' })
    await page.getByLabel('Buyer’s email').fill('nobody@example.test')
    await page.getByRole('button', { name: 'Find', exact: true }).click()
    await page.getByText('No order fits').waitFor()
    await page.getByLabel('Buyer’s email').fill(buyer.email.toUpperCase())
    await page.getByRole('button', { name: 'Find', exact: true }).click()
    await found.first().waitFor()
    assert.equal(await found.count(), 1)
    assert.doesNotMatch(page.url(), /@|%40/)
    await page.getByRole('button', { name: 'Reset' }).click()
    await found.nth(1).waitFor()
    // A time counts once it is submitted, and what is typed of it until then stays.
    await page.getByLabel('Placed from').fill('2999-01-01T10:00')
    assert.equal(await found.count(), 2)
    assert.doesNotMatch(page.url(), /2999/)
    await page.getByRole('button', { name: 'Find', exact: true }).click()
    await page.getByText('No order fits').waitFor()
    assert.match(page.url(), /2999-01-01/)
    await page.getByRole('button', { name: 'Reset' }).click()
    await found.nth(1).waitFor()
    assert.equal(await page.getByLabel('Placed from').inputValue(), '')

    await nav.getByRole('link', { name: 'Events' }).click()
    await page.getByRole('link', { name: `${name} Night` }).click()
    await page.getByRole('link', { name: 'Attendees' }).click()
    const row = page.getByRole('row').filter({ hasText: buyer.email })
    await row.nth(4).waitFor()
    assert.match(await row.first().textContent(), new RegExp(`${buyer.name}.*not verified`))
    await page.getByLabel('Email, order or ticket number').fill('tkt_00000000000000000000000000')
    await page.getByRole('button', { name: 'Find', exact: true }).click()
    await page.getByText('No ticket fits').waitFor()
    await page.getByLabel('Email, order or ticket number').fill(buyer.email)
    await page.getByRole('button', { name: 'Find', exact: true }).click()
    await row.nth(4).waitFor()
  })

  assert.deepEqual(errors, [])
  await context.close()
})

/** Runs in the fan's page: what the fan's own pages do is tested with them. */
async function buy({ event, places }) {
  const csrf = document.cookie.match(/__Host-csrf=([^;]+)/)[1]
  const post = async (path, body) => {
    const answer = await fetch(`/api/v1${path}`, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        'X-CSRF-Token': decodeURIComponent(csrf),
        'Idempotency-Key': crypto.randomUUID(),
      },
      body: JSON.stringify(body),
    })
    return answer.json()
  }
  const hold = await post(`/events/${event}/holds`, places)
  return post('/orders', { holds: [hold.id], payment: { method: 'simulated', token: 'tok_ok' } })
}

test('each role is shown what it may do', async () => {
  const shown = {
    viewer: ['Today', 'Events', 'Orders', 'Venues'],
    finance: ['Today', 'Events', 'Orders', 'Venues', 'Contracts'],
    door: ['Today', 'Events', 'Venues', 'Door scanner'],
    manager: ['Today', 'Events', 'Orders', 'Venues', 'Staff', 'Programs', 'Door scanner'],
  }
  for (const [role, links] of Object.entries(shown)) {
    const { context, page, errors } = await visitor(browser, server.url, DESKTOP)
    await signIn(page, accountOf(role, 'cellar'))
    await page.goto('/organizer')
    await page.getByRole('link', { name: /Cellar 58/ }).click()
    const nav = page.getByRole('navigation', { name: 'Organizer' })
    await nav.getByRole('link', { name: 'Today' }).waitFor()
    assert.deepEqual(await nav.getByRole('link').allInnerTexts(), links, role)
    assert.equal(
      await page.getByRole('link', { name: 'New event' }).count(),
      role === 'manager' ? 1 : 0,
      role,
    )
    assert.deepEqual(errors, [])
    await context.close()
  }
})

test('an API key is shown once, and ended', async () => {
  const { context, page, errors } = await visitor(browser, server.url, DESKTOP)
  await signIn(page, accountOf('owner', 'lindengate'))
  const { organizer } = accountOf('owner', 'lindengate')
  await page.goto(`/organizer/${organizer}/programs`)
  await page.getByRole('button', { name: 'New API key' }).click()
  const form = page.getByRole('dialog', { name: 'New API key' })
  await form.getByLabel('Name').fill('Box office screen')
  await form.getByRole('button', { name: 'Create' }).click()
  const once = page.getByRole('dialog', { name: 'Box office screen' })
  const secret = await once.locator('code').textContent()
  assert.ok(secret.length > 20)
  await page.keyboard.press('Escape')
  await once.getByRole('button', { name: 'I have kept it' }).click()
  await page.getByRole('rowheader', { name: /Box office screen/ }).waitFor()
  assert.equal((await page.content()).includes(secret), false)
  await page.getByRole('button', { name: 'End Box office screen' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'End' }).click()
  await page.getByText('No key yet.').waitFor()
  assert.deepEqual(errors, [])
  await context.close()
})

test('somebody is invited for one event, and the invitation withdrawn', async () => {
  const { context, page } = await visitor(browser, server.url)
  const { organizer, ...owner } = accountOf('owner', 'lindengate')
  await signIn(page, owner)
  await page.goto(`/organizer/${organizer}/staff`)
  await page.getByRole('button', { name: 'Invite somebody' }).click()
  const dialog = page.getByRole('dialog', { name: 'Invite somebody' })
  const guest = somebody()
  await dialog.getByLabel('E-mail address').fill(guest.email)
  await dialog.getByLabel('For some events only').check()
  await dialog.getByRole('button', { name: 'Send invitation' }).click()
  await dialog.getByText('Between one and 100 events.').waitFor()
  await dialog.getByRole('group', { name: 'Events' }).getByRole('checkbox').first().check()
  await dialog.getByRole('button', { name: 'Send invitation' }).click()
  const row = page.getByRole('row').filter({ hasText: guest.email })
  await row.waitFor()
  assert.doesNotMatch(await row.textContent(), /All events/)
  await row.getByRole('button', { name: 'Withdraw' }).click()
  await page.getByText('Nobody has to answer.').waitFor()
  await context.close()
})

test('what is another’s cannot be told from what is not there', async () => {
  const { context, page } = await visitor(browser, server.url)
  await signIn(page, accountOf('owner', 'cellar'))
  const { organizer } = accountOf('owner', 'lindengate')
  await page.goto(`/organizer/${organizer}`)
  await page.getByText('Not one of your organizers').waitFor()
  await page.getByRole('button', { name: 'I am of the platform' }).click()
  await page.getByLabel('Reason').fill('Just curious about them')
  await page.getByRole('button', { name: 'Look in' }).click()
  await page.getByText('We could not find that.').first().waitFor()
  await context.close()
})
