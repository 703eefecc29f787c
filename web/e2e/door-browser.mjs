// Chromium as a device at the door, and the ways people scan with it.
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { chromium } from 'playwright-core'
import { modulesOf } from './barcode.mjs'

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js')

export const launch = (args = []) =>
  chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream', ...args],
  })

const PHONE = { width: 390, height: 844 }

/** A device of its own: signed in as `account`, scanning for `event` at `gate`. */
export async function device(browser, world, event, gate, options = {}) {
  const { account = world.account('door-cellar'), ...context } = options
  const device = await browser.newContext({
    baseURL: world.origin,
    viewport: PHONE,
    locale: 'en-GB',
    ...context,
  })
  // Patient: other work may keep this machine busy.
  device.setDefaultTimeout(90_000)
  await signIn(device, account)
  const page = await device.newPage()
  page.on('pageerror', (error) => {
    throw error
  })
  await page.goto(`/door/${world.organizer.id}/${event.id}`)
  await start(page, gate)
  return page
}

/** As the sign-in page does it; how that page looks is tested elsewhere. */
export async function signIn(context, { email, password }) {
  const page = await context.newPage()
  await page.goto('/sign-in')
  const status = await page.evaluate(
    async (body) => {
      const headers = { 'Content-Type': 'application/json', 'X-Session': 'cookie' }
      const answer = await fetch('/api/v1/auth/login', {
        method: 'POST',
        headers,
        body: JSON.stringify(body),
      })
      return answer.status
    },
    { email, password },
  )
  if (status !== 200) throw new Error(`signing in was answered with ${status}`)
  await page.close()
}

export async function start(page, gate) {
  if (gate) await page.getByLabel('Gate').fill(gate)
  await page.getByRole('button', { name: 'Start scanning' }).click()
  await page.getByRole('heading', { name: /^Scanning for/ }).waitFor({ state: 'attached' })
}

/** The same ticket with a signature that nobody made: two pairs of its bytes change places. */
export const forged = (text) =>
  `${text.slice(0, 90)}${text.slice(93, 96)}${text.slice(90, 93)}${text.slice(96)}`

/** Between the keys of a hand scanner, in seconds. */
const PACE = 0.005

/** As a hand scanner types: each key has the time at which the scanner sent it, however busy this machine is. */
export async function scan(page, text) {
  const session = await page.context().newCDPSession(page)
  const begun = Date.now() / 1_000
  const keys = [...text].map((key) => ({ key, text: key }))
  keys.push({ key: 'Enter', code: 'Enter', text: '\r' })
  const sent = keys.flatMap((key, at) => {
    const timestamp = begun + at * PACE
    return [
      session.send('Input.dispatchKeyEvent', { type: 'keyDown', timestamp, ...key }),
      session.send('Input.dispatchKeyEvent', { type: 'keyUp', timestamp, key: key.key }),
    ]
  })
  await Promise.all(sent)
  await session.detach()
}

/** The verdict on the screen: its title and all that it says. */
export async function verdict(page, title) {
  const screen = page.getByRole('dialog', { name: title })
  await screen.waitFor()
  return screen.textContent()
}

/** What axe finds wrong with the page as it is. */
export async function violations(page) {
  // By the debugger's way in: the page's own policy lets no script of others run.
  await page.evaluate(await readFile(AXE, 'utf8'))
  const { violations } = await page.evaluate(() => globalThis.axe.run())
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)
}

/** A film of `seconds` in which a barcode's picture, as the server draws it, is held before a camera. */
export function film(svg, { width = 640, height = 480, frames = 4 } = {}) {
  const dark = modulesOf(svg)
  const side = dark.length
  const scale = Math.floor((height * 0.8) / side)
  const [left, top] = [Math.floor((width - side * scale) / 2), Math.floor((height - side * scale) / 2)]
  const light = Buffer.alloc(width * height, 90)
  for (let y = 0; y < side * scale; y++)
    for (let x = 0; x < side * scale; x++)
      light[(top + y) * width + left + x] = dark[Math.floor(y / scale)][Math.floor(x / scale)] ? 30 : 225
  const grey = Buffer.alloc((width * height) / 2, 128)
  const frame = Buffer.concat([Buffer.from('FRAME\n'), light, grey])
  const head = Buffer.from(`YUV4MPEG2 W${width} H${height} F10:1 Ip A1:1 C420jpeg\n`)
  return Buffer.concat([head, ...Array.from({ length: frames }, () => frame)])
}
