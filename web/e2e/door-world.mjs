// A world for the door's tests: the real server with an event whose doors are open, and tickets to it.
import { execFile, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const BINARY = process.env.STAGEDOOR_BIN ?? new URL('../../target/quick/stagedoor', import.meta.url).pathname
const HOUR = 3_600_000

export async function startWorld() {
  const data = await mkdtemp(join(tmpdir(), 'door-'))
  const { stdout } = await promisify(execFile)(BINARY, ['demo', '--data', data], { maxBuffer: 1 << 24 })
  const { accounts, organizers } = JSON.parse(stdout)
  const port = await freePort()
  const limits = [
    '--address-limit',
    '5000/s',
    '--user-limit',
    '50000/min',
    '--hold-attempts-per-minute',
    '1000',
  ]
  const server = spawn(
    BINARY,
    ['serve', '--listen', `127.0.0.1:${port}`, '--data', data, '--active-holds-max', '10', ...limits],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  )
  const origin = `http://127.0.0.1:${port}`
  await answering(`${origin}/readyz`)
  const world = new World(origin, accounts, organizers)
  return {
    world,
    stop: async () => {
      server.kill()
      await new Promise((resolve) => server.once('exit', resolve))
      await rm(data, { recursive: true })
    },
  }
}

class World {
  #tokens = new Map()

  constructor(origin, accounts, organizers) {
    this.origin = origin
    this.accounts = accounts
    this.organizer = organizers.find(({ name }) => name === 'Cellar 58 Concerts')
  }

  account(start) {
    return this.accounts.find(({ email }) => email.startsWith(start))
  }

  async call(account, method, path, body) {
    const headers = { 'Content-Type': 'application/json', 'Idempotency-Key': crypto.randomUUID() }
    if (account) headers.Authorization = `Bearer ${await this.#token(account)}`
    const response = await fetch(`${this.origin}/api/v1${path}`, {
      method,
      headers,
      body: body && JSON.stringify(body),
    })
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`)
    return response
  }

  async json(...call) {
    const response = await this.call(...call)
    return response.status === 204 ? undefined : response.json()
  }

  async #token(account) {
    const { email, password } = account
    if (!this.#tokens.has(email)) {
      const { accessToken } = await this.json(null, 'POST', '/auth/login', { email, password })
      this.#tokens.set(email, accessToken)
    }
    return this.#tokens.get(email)
  }

  /** An event at the club that lets people in from now on. `more`: what else its organizer says of it. */
  async openEvent(name, more = {}) {
    const owner = this.account('owner-cellar')
    const org = this.organizer.id
    const { items } = await this.json(owner, 'GET', `/organizers/${org}/events?limit=100`)
    const { venueId, currency, priceLevels } = items[0]
    const now = Date.now()
    const at = (ms) => new Date(now + ms).toISOString()
    const event = await this.json(owner, 'POST', `/organizers/${org}/events`, {
      venueId,
      currency,
      priceLevels,
      name,
      type: 'concert',
      doorsAt: at(HOUR / 2),
      startsAt: at(HOUR),
      endsAt: at(4 * HOUR),
      ...more,
    })
    await this.json(owner, 'POST', `/organizers/${org}/events/${event.id}/publish`)
    return event
  }

  /** `count` tickets of general admission, bought ten at a time: their ids, owners and barcodes. */
  async buy(event, count) {
    const fans = this.accounts.filter(({ role }) => role === 'fan')
    const { areas } = await this.json(null, 'GET', `/events/${event.id}/seat-map`)
    const area = areas[0].id
    const parts = Array.from({ length: Math.ceil(count / 10) }, (_, part) => Math.min(10, count - part * 10))
    const tickets = await Promise.all(
      fans.map(async (fan, index) => {
        const bought = []
        for (const quantity of parts.filter((_, part) => part % fans.length === index))
          bought.push(...(await this.#buyOnce(fan, event, area, quantity)))
        return bought
      }),
    )
    return tickets.flat()
  }

  async #buyOnce(fan, event, area, quantity) {
    const hold = await this.json(fan, 'POST', `/events/${event.id}/holds`, {
      areas: [{ id: area, quantity }],
    })
    const payment = { method: 'simulated', token: 'tok_ok' }
    const order = await this.json(fan, 'POST', '/orders', { holds: [hold.id], payment })
    const mine = await this.json(fan, 'GET', '/me/tickets?limit=100')
    const bought = mine.items.filter(({ orderId }) => orderId === order.id)
    return Promise.all(bought.map(async ({ id }) => ({ id, fan, text: await this.barcode(fan, id) })))
  }

  async barcode(fan, ticket) {
    return (await this.json(fan, 'GET', `/tickets/${ticket}/barcode?format=json`)).text
  }

  /** What a device makes the ticket's live barcodes of. */
  async live({ fan, id }) {
    return (await this.json(fan, 'GET', `/tickets/${id}/barcode?format=json`)).live
  }

  async picture(fan, ticket) {
    return (await this.call(fan, 'GET', `/tickets/${ticket}/barcode?format=svg`)).text()
  }
}

function freePort() {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address()
      probe.close(() => resolve(port))
    })
  })
}

async function answering(address) {
  for (let attempt = 0; attempt < 300; attempt++) {
    const answer = await fetch(address).catch(() => undefined)
    if (answer?.ok) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error(`${address} does not answer`)
}
