import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { counted, holdBest, launch, organize, register, somebody, startServer, visitor } from './harness.mjs'

const PASS_TYPE = 'pass.org.example.tickets'
const ISSUER = '3388000000022123456'
const run = promisify(execFile)

let keys, server, browser

before(async () => {
  keys = await mkdtemp(join(tmpdir(), 'stagedoor-wallet-'))
  await makeKeys()
  server = await startServer(settings)
  browser = await launch()
})

after(async () => {
  await browser?.close()
  await server?.stop()
  await rm(keys, { recursive: true, force: true })
})

/** What Apple and Google give whoever may make passes. */
async function makeKeys() {
  const openssl = (...args) => run('openssl', args, { cwd: keys })
  const key = (name) => ['-newkey', 'rsa:2048', '-nodes', '-keyout', `${name}.key`]
  const authority = ['-x509', '-days', '30', '-subj', '/CN=Passes/OU=G4', '-out', 'wwdr.pem']
  await openssl('req', ...key('wwdr'), ...authority)
  await openssl('req', ...key('pass'), '-subj', `/UID=${PASS_TYPE}/OU=TEAM`, '-out', 'pass.csr')
  const by = ['-CA', 'wwdr.pem', '-CAkey', 'wwdr.key', '-days', '30', '-out', 'pass.pem']
  await openssl('x509', '-req', '-in', 'pass.csr', ...by)
  // Any RSA key will do for the service account.
  const account = {
    client_email: 'tickets@example.iam.gserviceaccount.com',
    private_key: await readFile(join(keys, 'wwdr.key'), 'utf8'),
  }
  await writeFile(join(keys, 'account.json'), JSON.stringify(account))
}

async function settings() {
  const named = {
    apple_wallet_pass_type_id: PASS_TYPE,
    apple_wallet_team_id: 'TEAM',
    apple_wallet_certificate_file: join(keys, 'pass.pem'),
    apple_wallet_key_file: join(keys, 'pass.key'),
    apple_wallet_intermediate_file: join(keys, 'wwdr.pem'),
    google_wallet_issuer_id: ISSUER,
    google_wallet_account_file: join(keys, 'account.json'),
  }
  return Object.entries(named)
    .map(([name, value]) => `${name} = ${JSON.stringify(value)}\n`)
    .join('')
}

const link = (page, name) => page.getByRole('link', { name })

test('a ticket goes into the wallets of phones, in both languages, and not where doors take no pictures', async () => {
  const { context, page, errors } = await visitor(browser, server.url)
  await register(page, somebody())
  await holdBest(page, server.url, 'Midnight Brass', 1)
  await page.getByRole('button', { name: /^Pay/ }).click()
  await page.getByRole('heading', { name: 'You are going!' }).waitFor()
  const mine = await (await page.request.get('/api/v1/me/tickets')).json()
  const [{ id, eventId }] = mine.items
  await page.goto(`/tickets?ticket=${id}`)

  const [file] = await Promise.all([page.waitForEvent('download'), link(page, 'Add to Apple Wallet').click()])
  assert.equal(file.suggestedFilename(), `${id}.pkpass`)
  const { stdout } = await run('unzip', ['-p', await file.path(), 'pass.json'])
  assert.equal(JSON.parse(stdout).serialNumber, `${id}-1`)

  const google = link(page, 'Add to Google Wallet')
  await google.waitFor()
  const url = new URL(await google.getAttribute('href'))
  assert.equal(url.origin, 'https://pay.google.com')
  const payload = url.pathname.split('/').at(-1).split('.')[1]
  const { payload: said } = JSON.parse(Buffer.from(payload, 'base64url').toString())
  assert.equal(said.eventTicketObjects[0].id, `${ISSUER}.${id}-1`)

  const german = await visitor(browser, server.url, {
    locale: 'de-DE',
    storageState: await context.storageState(),
  })
  await german.page.goto(`/tickets?ticket=${id}`)
  await link(german.page, 'Zu Apple Wallet hinzufügen').waitFor()
  await link(german.page, 'Zu Google Wallet hinzufügen').waitFor()

  await organize(server, eventId, 'PATCH', '', { barcodes: 'live' })
  await page.reload()
  await page.getByText('Show it on a phone: prints are not taken here.').waitFor()
  await counted(page.getByRole('link', { name: /Wallet/ }), 0)
  assert.deepEqual([...errors, ...german.errors], [])
  await Promise.all([context.close(), german.context.close()])
})
