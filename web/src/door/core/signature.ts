import { bytesOf } from '../../lib/base64url'
import type { Barcode } from './barcode'
import type { PublicKey } from './types'

/** `key`: 32 bytes. */
type Verify = (key: Uint8Array<ArrayBuffer>, barcode: Barcode) => Promise<boolean>

const platform: Verify = async (key, { signature, signed }) => {
  const imported = await crypto.subtle.importKey('raw', key, 'Ed25519', false, ['verify'])
  return crypto.subtle.verify('Ed25519', imported, signature, signed)
}

const library: Verify = async (key, { signature, signed }) => {
  const { verifyAsync } = await import('@noble/ed25519')
  // RFC 8032 as the server checks it, without the laxer points of ZIP 215.
  return verifyAsync(signature, signed, key, { zip215: false })
}

let chosen: Promise<Verify> | undefined

/** The browser's own Ed25519, or a library for those before 2025. */
function verifier(): Promise<Verify> {
  chosen ??= crypto.subtle.importKey('raw', new Uint8Array(32), 'Ed25519', false, ['verify']).then(
    () => platform,
    (error) => (error instanceof DOMException && error.name === 'NotSupportedError' ? library : platform),
  )
  return chosen
}

/** Loads what is needed to check signatures while there is a network. */
export async function prepareVerifier(): Promise<void> {
  if ((await verifier()) === library) await import('@noble/ed25519')
}

/** `unknown_key`: signed after this device last fetched the keys, or by nobody we know. */
export type Finding = 'genuine' | 'forged' | 'unknown_key'

/** Whether one of `keys` signed the barcode. */
export async function checkSignature(keys: PublicKey[], barcode: Barcode, verify?: Verify): Promise<Finding> {
  const key = keys.find(({ kid, crv }) => kid === barcode.keyId && crv === 'Ed25519')
  if (!key) return 'unknown_key'
  try {
    const check = verify ?? (await verifier())
    return (await check(bytesOf(key.x), barcode)) ? 'genuine' : 'forged'
  } catch {
    // Bytes that are no point on the curve are no signature either.
    return 'forged'
  }
}

export const verifiers = { platform, library }
