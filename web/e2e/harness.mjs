// Starts the real server with the demo world and a browser in front of it.
// STAGEDOOR_BIN: the binary (default: the release build). STAGEDOOR_URL and STAGEDOOR_WORLD: a server that
// runs already, and the JSON that `stagedoor demo` printed for it.
import { execFile, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { chromium } from 'playwright-core'

const run = promisify(execFile)
const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js')
const BINARY =
  process.env.STAGEDOOR_BIN ?? new URL('../../target/release/stagedoor', import.meta.url).pathname
const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium'
/** Longer than anything here takes on a busy machine; what never comes fails. */
export const PATIENCE_MS = 60_000

/** `settings`: what stands in the server's settings file, made from its address. */
export async function startServer(settings = async (_url) => '') {
  if (process.env.STAGEDOOR_URL) {
    const world = JSON.parse(await readFile(process.env.STAGEDOOR_WORLD, 'utf8'))
    return { url: process.env.STAGEDOOR_URL, world, stop: async () => {} }
  }
  const data = await mkdtemp(join(tmpdir(), 'stagedoor-e2e-'))
  const { stdout } = await run(BINARY, ['demo', '--data', data], { maxBuffer: 1 << 26 })
  const port = await freePort()
  const url = `http://localhost:${port}`
  const file = join(data, 'stagedoor.toml')
  await writeFile(file, await settings(url))
  const child = spawn(
    BINARY,
    [
      'serve',
      '--config',
      file,
      '--listen',
      `127.0.0.1:${port}`,
      '--data',
      data,
      '--public-url',
      url,
      '--address-limit',
      '1000/5s',
      '--user-limit',
      '1000/5s',
    ],
    { stdio: 'ignore' },
  )
  await ready(url)
  const stop = async () => {
    child.kill('SIGTERM')
    await new Promise((resolve) => child.once('exit', resolve))
    await rm(data, { recursive: true, force: true })
  }
  return { url, world: JSON.parse(stdout), stop }
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}

async function ready(url) {
  const end = Date.now() + PATIENCE_MS
  while (Date.now() < end) {
    const answer = await fetch(`${url}/readyz`).catch(() => undefined)
    if (answer?.ok) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error('the server does not come up')
}

export const launch = () => chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] })

/** A browser context of its own: another person, or the same on another device. */
export async function visitor(browser, url, options = {}) {
  const context = await browser.newContext({
    baseURL: url,
    viewport: { width: 390, height: 844 },
    locale: 'en-GB',
    timezoneId: 'Europe/Berlin',
    serviceWorkers: 'block',
    ...options,
  })
  context.setDefaultTimeout(PATIENCE_MS)
  const page = await context.newPage()
  const errors = []
  page.on('pageerror', (error) => errors.push(error.message))
  page.on('console', (message) => {
    if (/Content Security Policy|Uncaught/.test(message.text())) errors.push(message.text())
  })
  return { context, page, errors }
}

let people = 0

/** Somebody nobody has seen before. */
export function somebody() {
  people += 1
  const email = `e2e-${Date.now().toString(36)}-${people}@example.test`
  return {
    name: `Robin Example ${people}`,
    email,
    password: `curtain-${Math.random().toString(36).slice(2)}-Call7`,
  }
}

export async function fillRegistration(scope, person) {
  await scope.getByLabel('Your name').fill(person.name)
  await scope.getByLabel('Email').fill(person.email)
  await scope.getByLabel('Password').fill(person.password)
  await scope.getByRole('button', { name: 'Create account' }).click()
}

export async function register(page, person, next = '/') {
  await page.goto(`/sign-in?mode=register&next=${encodeURIComponent(next)}`)
  await fillRegistration(page, person)
  await page.getByRole('button', { name: 'Account', exact: true }).waitFor()
}

/** Opens an event of the demo world by its name and holds the best places there are. */
export async function holdBest(page, url, name, quantity = 2) {
  const events = await (await fetch(`${url}/api/v1/events?q=${encodeURIComponent(name)}&limit=1`)).json()
  await page.goto(`/events/${events.items[0].id}`)
  for (let n = 2; n < quantity; n++) await page.getByRole('button', { name: 'More: Places' }).click()
  if (quantity === 1) await page.getByRole('button', { name: 'Fewer: Places' }).click()
  await page.getByRole('button', { name: /^Hold the best/ }).click()
}

/** Holds a place at each of these events, one after the other, and is at the checkout of the last. */
export async function holdEach(page, url, names) {
  for (const name of names) {
    await holdBest(page, url, name, 1)
    await page.waitForURL(/\/checkout/)
    await page.getByRole('button', { name: /^Pay/ }).waitFor()
  }
}

/** A performance of that name. */
export async function eventNamed(url, name, nth = 0) {
  const { items } = await (await fetch(`${url}/api/v1/events?q=${encodeURIComponent(name)}&limit=20`)).json()
  return items.filter((one) => one.name === name)[nth]
}

/** Does something with an event as its organizer: `what` goes behind the event's address. */
export async function organize({ url, world }, event, method, what = '', body = undefined) {
  const call = async (path, options) => {
    const answer = await fetch(`${url}/api/v1${path}`, options)
    if (!answer.ok) throw new Error(`${path}: ${await answer.text()}`)
    return answer.json()
  }
  const json = { 'content-type': 'application/json' }
  const { organizerId } = await call(`/events/${event}`)
  const { email, password } = world.accounts.find(
    ({ role, organizer }) => role === 'owner' && organizer === organizerId,
  )
  const { accessToken } = await call('/auth/login', {
    method: 'POST',
    headers: json,
    body: JSON.stringify({ email, password }),
  })
  return call(`/organizers/${organizerId}/events/${event}${what}`, {
    method,
    headers: { ...json, authorization: `Bearer ${accessToken}` },
    body: JSON.stringify(body),
  })
}

/** Notes each of the texts that stands on a page, however short: what it has seen is in `window.seen`. */
export const witness = (context, ...texts) =>
  context.addInitScript((wanted) => {
    window.seen = []
    const look = () => {
      const shown = document.body?.textContent ?? ''
      for (const text of wanted)
        if (shown.includes(text) && !window.seen.includes(text)) window.seen.push(text)
    }
    new MutationObserver(look).observe(document, { childList: true, characterData: true, subtree: true })
  }, texts)

/**
 * Waits until so many barcodes are kept on the device. Asked from here: Playwright takes a promise in a page for
 * a yes.
 */
export async function keptBarcodes(page, wanted) {
  const count = () =>
    page.evaluate(async () => {
      const open = indexedDB.open('kept-tickets')
      const database = await new Promise((resolve) => {
        open.onsuccess = () => resolve(open.result)
        // There is none: it is not made by asking.
        open.onupgradeneeded = () => open.transaction.abort()
        open.onerror = () => resolve(undefined)
      })
      if (!database) return 0
      const keys = database.transaction('kept').objectStore('kept').getAllKeys()
      const names = await new Promise((resolve) => {
        keys.onsuccess = () => resolve(keys.result)
      })
      database.close()
      return names.filter((name) => name.startsWith('barcode ')).length
    })
  const end = Date.now() + PATIENCE_MS
  let kept = await count()
  while (kept !== wanted && Date.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 200))
    kept = await count()
  }
  if (kept !== wanted) throw new Error(`${kept} barcodes are kept, not ${wanted}`)
}

/** Waits until exactly so many are there. */
export async function counted(locator, wanted) {
  const end = Date.now() + PATIENCE_MS
  let there = await locator.count()
  while (there !== wanted && Date.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 100))
    there = await locator.count()
  }
  if (there !== wanted) throw new Error(`${locator}: ${there} are there, not ${wanted}`)
}

export async function orders(page) {
  return page.evaluate(async () => (await (await fetch('/api/v1/me/orders')).json()).items)
}

/** Everything axe-core finds on what is on the screen, in words short enough to act on. */
export async function violations(page) {
  // Half-way through a fade, or from day to night, text has less contrast than it will have. What has changed
  // just now begins to move with the next frame.
  await page.evaluate(async () => {
    const frame = () => new Promise(requestAnimationFrame)
    const ends = (one) => one.effect?.getComputedTiming().endTime !== Number.POSITIVE_INFINITY
    let moving
    do {
      await frame()
      await frame()
      moving = document.getAnimations().filter((one) => one.playState === 'running' && ends(one))
      await Promise.all(moving.map((one) => one.finished.catch(() => {})))
    } while (moving.length > 0)
  })
  if (!(await page.evaluate(() => 'axe' in window))) await page.addScriptTag({ path: axe })
  const { violations: found } = await page.evaluate(() =>
    window.axe.run(document, { resultTypes: ['violations'] }),
  )
  return found.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id} ${target}: ${failureSummary}`),
  )
}
