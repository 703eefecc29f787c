import { expect, test } from 'vitest'
import { parseBarcode } from './barcode'

const drawing = (path: string) =>
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 49 49" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h49v49H0z"/><path d="${path}"/></svg>\n`

test('the dark modules are taken from the drawing, not its background', () => {
  expect(parseBarcode(drawing('M4 4h7v1h-7zM12 4h1v1h-1z'), 2)).toEqual({
    side: 49,
    path: 'M4 4h7v1h-7zM12 4h1v1h-1z',
    version: 2,
  })
})

test('what is no barcode is refused', () => {
  expect(() => parseBarcode('<html></html>', 1)).toThrow()
  expect(() => parseBarcode('<svg viewBox="0 0 49 49"><script d="alert()"/></svg>', 1)).toThrow()
})
