import { queryOptions } from '@tanstack/react-query'
import { api, ok } from '../../api/client'
import { csrfToken } from '../../api/session'
import { keepMine } from './keeping'
import { kept } from './kept'

/** A symbol as one path on a square of `side` modules, quiet zone included. */
export type Barcode = { side: number; path: string; version: number }

/** The parts of the server's drawing that say something: no markup of it reaches the page. */
export function parseBarcode(svg: string, version: number): Barcode {
  const side = Number(/viewBox="0 0 (\d+) \d+"/.exec(svg)?.[1])
  const path = [...svg.matchAll(/ d="([MhvzH\d -]+)"/g)].at(-1)?.[1]
  if (!side || !path) throw new Error('a drawing that is no barcode')
  return { side, path, version }
}

/** The barcode of a ticket: the server's, or the one kept on this device. A reissue has another version. */
export const barcodeQuery = (ticket: string, version: number) =>
  queryOptions({
    queryKey: ['me', 'barcode', ticket, version],
    queryFn: async ({ signal }): Promise<Barcode> => {
      const name = `barcode ${ticket}`
      const before = (await kept<Barcode>(name))?.value
      if (before?.version === version) return before
      const session = csrfToken()
      const params = { path: { ticket } }
      // A drawing is what comes unless another format is asked for.
      const svg = await ok(api.GET('/api/v1/tickets/{ticket}/barcode', { params, parseAs: 'text', signal }))
      const drawn = parseBarcode(String(svg), version)
      await keepMine(session, name, drawn)
      return drawn
    },
    staleTime: Number.POSITIVE_INFINITY,
  })
