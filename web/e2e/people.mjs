// Ways in: a password, an authenticator app, a passkey of a device that is not there, a provider elsewhere.
import { spawn } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

export async function signIn(page, { email, password }, next = '/') {
  await page.goto(`/sign-in?next=${encodeURIComponent(next)}`)
  await page.getByLabel('Email').fill(email)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('main').getByRole('button', { name: 'Sign in', exact: true }).click()
  await page.getByRole('button', { name: 'Account', exact: true }).waitFor()
}

/** What an authenticator app shows now, by RFC 6238. */
export function appCode(secret) {
  const bits = [...secret.replaceAll(/[\s=]/g, '')]
    .map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0'))
    .join('')
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)))
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)))
  const mac = createHmac('sha1', key).update(counter).digest()
  const at = mac[19] & 15
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, '0')
}

/** Gives the page a device that makes passkeys and always agrees. */
export async function addAuthenticator(page) {
  const devtools = await page.context().newCDPSession(page)
  await devtools.send('WebAuthn.enable')
  await devtools.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  })
}

const ELSEWHERE = new URL('../../crates/stagedoor/tests/js/oidc_provider.mjs', import.meta.url).pathname

/** A certified provider that sends people back to `redirect`; `settings` are the server's that knows it. */
export async function startProvider(url) {
  const child = spawn(process.execPath, [ELSEWHERE, `${url}/sign-in/example`], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const [issuer] = await once(createInterface(child.stdout), 'line')
  const settings = `
    outbound_allow_networks = ["127.0.0.0/8"]
    outbound_ports = [${new URL(issuer).port}]
    [[sign_in_providers]]
    id = "example"
    name = "Example"
    issuer = "${issuer}"
    client_id = "stagedoor"
    client_secret = "a secret: with & signs"
  `
  return { settings, stop: () => child.stdin.end() }
}

/** What a person does at the provider's pages. */
export async function agreeElsewhere(page, who) {
  await page.getByPlaceholder('Enter any login').fill(who)
  await page.getByPlaceholder('and password').fill('any')
  await page.getByRole('button', { name: 'Sign-in' }).click()
  await page.getByRole('button', { name: 'Continue' }).click()
}

/** An account of the demo world as a program would use it: calls the API and gives the answer's JSON. */
export async function caller(url, { email, password, totpSecret }) {
  const call = async (method, path, body, token) => {
    const answer = await fetch(`${url}/api/v1${path}`, {
      method,
      headers: {
        'content-type': 'application/json',
        'idempotency-key': crypto.randomUUID(),
        ...(token && { authorization: `Bearer ${token}` }),
      },
      body: body && JSON.stringify(body),
    })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`)
    return text ? JSON.parse(text) : undefined
  }
  const otp = totpSecret && appCode(totpSecret)
  const { accessToken } = await call('POST', '/auth/login', { email, password, ...(otp && { otp }) })
  return (method, path, body) => call(method, path, body, accessToken)
}

/** Signs a browser in without its pages. */
export async function signInAt(page, { email, password, totpSecret }) {
  await page.goto('/api/docs')
  const otp = totpSecret && appCode(totpSecret)
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
    { email, password, ...(otp && { otp }) },
  )
  if (status !== 200) throw new Error(`signing in was answered with ${status}`)
}
