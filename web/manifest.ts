import type { ManifestOptions } from 'vite-plugin-pwa'

/** What a phone shows when the app is installed. */
export const manifest: Partial<ManifestOptions> = {
  id: '/',
  name: 'Stagedoor',
  short_name: 'Stagedoor',
  description: 'Tickets for the night you will talk about.',
  start_url: '/',
  display: 'standalone',
  background_color: '#0d0b16',
  theme_color: '#0d0b16',
  categories: ['entertainment', 'lifestyle'],
  icons: [
    { src: '/icon.svg', sizes: 'any', type: 'image/svg+xml' },
    { src: '/icon-192.png', sizes: '192x192', type: 'image/png' },
    { src: '/icon-512.png', sizes: '512x512', type: 'image/png' },
    { src: '/icon-maskable-512.png', sizes: '512x512', type: 'image/png', purpose: 'maskable' },
  ],
  shortcuts: [
    { name: 'My tickets', url: '/tickets' },
    { name: 'Door', url: '/door' },
  ],
}
