// A sheet to draw on.
import { visitor } from './harness.mjs'

/** The editor of a new map, in a browser of its own. `clock`: the page's time can be moved on. */
export async function newMap(browser, url, owner, { clock = false, ...options } = {}) {
  const session = await visitor(browser, url, { viewport: { width: 1280, height: 800 }, ...options })
  const { page } = session
  if (clock) await page.clock.install()
  await page.goto('/')
  const venue = await page.evaluate(makeVenue, owner)
  await page.goto(`/organizer/${owner.organizer}/venues/${venue}/seat-maps/new`)
  await page.getByRole('application').waitFor()
  const versions = `**/api/v1/organizers/${owner.organizer}/venues/${venue}/seat-maps?*`
  return { ...session, versions }
}

/** Runs in the page: signs in there, too. */
async function makeVenue({ email, password, organizer }) {
  const post = async (path, body) => {
    const csrf = document.cookie.match(/__Host-csrf=([^;]+)/)?.[1]
    const headers = {
      'content-type': 'application/json',
      'x-session': 'cookie',
      'idempotency-key': crypto.randomUUID(),
      ...(csrf && { 'x-csrf-token': decodeURIComponent(csrf) }),
    }
    const answer = await fetch(`/api/v1${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
    return answer.json()
  }
  await post('/auth/login', { email, password })
  const house = { name: 'House of Drafts', city: 'Berlin', country: 'DE', timeZone: 'Europe/Berlin' }
  return (await post(`/organizers/${organizer}/venues`, house)).id
}

/** What the outline lists. */
export const outline = (page) => page.getByRole('treeitem').allTextContents()
