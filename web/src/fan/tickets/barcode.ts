import { queryOptions } from '@tanstack/react-query'
import { api, ok } from '../../api/client'
import { csrfToken } from '../../api/session'
import { encodeBase45 } from '../../lib/base45'
import { bytesOf } from '../../lib/base64url'
import { codeOf, importKey, stepBytes } from '../../lib/liveBarcode'
import { keepMine } from './keeping'
import { kept } from './kept'

/** What a ticket's live barcodes are made of on this device: see `LiveView` in the description of the API. */
export type BarcodeKey = { version: number; seal: string; key: string }

/** The key to a ticket's barcodes: the server's, or the one kept on this device. A reissue has another version. */
export const barcodeQuery = (ticket: string, version: number) =>
  queryOptions({
    queryKey: ['me', 'barcode', ticket, version],
    queryFn: async ({ signal }): Promise<BarcodeKey> => {
      const name = `barcode ${ticket}`
      const before = (await kept<BarcodeKey>(name))?.value
      if (before?.version === version && before.key) return before
      const session = csrfToken()
      const params = { path: { ticket }, query: { format: 'json' as const } }
      const answer = await ok(api.GET('/api/v1/tickets/{ticket}/barcode', { params, signal }))
      const { live } = answer as Exclude<typeof answer, string>
      const made = { version, seal: live.seal, key: live.key }
      await keepMine(session, name, made)
      return made
    },
    staleTime: Number.POSITIVE_INFINITY,
  })

/** The text of the barcode during a step. */
export async function barcodeText({ seal, key }: Omit<BarcodeKey, 'version'>, step: number): Promise<string> {
  const code = await codeOf(await importKey(bytesOf(key)), step)
  return encodeBase45(Uint8Array.from([...bytesOf(seal), ...stepBytes(step), ...code]))
}
