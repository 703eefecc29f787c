// The seat map of the real event page, as people use it.

/** Opens the next performance of that name, and its map. */
export async function openMap(page, url, name) {
  const query = `q=${encodeURIComponent(name)}&limit=20`
  const { items } = await (await fetch(`${url}/api/v1/events?${query}`)).json()
  const event = items.find((one) => one.name === name)
  await page.goto(`/events/${event.id}`)
  await page.locator('#map').scrollIntoViewIfNeeded()
  await page.getByRole('application').waitFor()
  await page.getByText('Live', { exact: true }).waitFor()
}

/** The picked seats below the map. */
export const tray = (page) => page.locator('#map').getByRole('region', { name: 'Your choice' })

export const openList = (page) => page.getByRole('button', { name: 'List', exact: true }).click()

export const cell = (page, seat) => page.locator(`[role=gridcell][data-seat][aria-label*="${seat},"]`)

/** Waits until screen readers have been told `text`. */
export const said = (page, text) =>
  page.locator('[data-said]').filter({ hasText: text }).waitFor({ state: 'attached' })

/** Goes to a seat by its name, as on a ticket: `STALLS F 9`. */
export async function findSeat(page, name) {
  const finder = page.locator('#map [role=combobox]')
  await finder.fill(name)
  await page.locator('#map [role=option]').first().waitFor()
  await finder.press('Enter')
}

/** Presses a seat on the drawn map, with a finger where there is one. */
export async function pickOnMap(page, name) {
  // From the whole map, a seat that is looked for comes to its middle.
  await page
    .locator('#map button[aria-label]')
    .filter({ has: page.locator('path[d^="M4 9V4h5"]') })
    .click()
  await findSeat(page, name)
  const { x, y, width, height } = await page.getByRole('application').boundingBox()
  const middle = [x + width / 2, y + height / 2]
  const touches = await page.evaluate(() => navigator.maxTouchPoints > 0)
  if (touches) await page.touchscreen.tap(...middle)
  else await page.mouse.click(...middle)
}
