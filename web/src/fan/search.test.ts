import { expect, test } from 'vitest'
import { discoverSearch, signInSearch } from './search'

test('only filters that exist come out of an address', () => {
  expect(discoverSearch({ q: 'brass', type: 'opera', from: 'soon', to: '2026-12-24', city: '' })).toEqual({
    q: 'brass',
    to: '2026-12-24',
  })
  expect(discoverSearch({ q: 58 }).q).toBe('58')
})

test('signing in leads back to a page of ours and nowhere else', () => {
  expect(signInSearch({ next: '/checkout?hold=hld_1' }).next).toBe('/checkout?hold=hld_1')
  for (const next of [
    'https://elsewhere.example/',
    '//elsewhere.example',
    '/\\elsewhere.example',
    'javascript:alert(1)',
  ])
    expect(signInSearch({ next }).next).toBeUndefined()
})
