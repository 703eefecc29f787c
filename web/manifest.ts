import type { ManifestOptions } from 'vite-plugin-pwa'

/** Texts in the browser's language where it knows them, by the manifest's `_localized` members. */
type Localized = { name_localized: { de: string } }
type Manifest = Partial<Omit<ManifestOptions, 'shortcuts'>> & {
  description_localized: { de: string }
  shortcuts: (ManifestOptions['shortcuts'][number] & Localized)[]
}

/** What a phone shows when the app is installed. */
export const manifest: Manifest = {
  id: '/',
  lang: 'en',
  name: 'Stagedoor',
  short_name: 'Stagedoor',
  description: 'Tickets for the night you will talk about.',
  description_localized: { de: 'Karten für den Abend, von dem du erzählen wirst.' },
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
    { name: 'My tickets', name_localized: { de: 'Meine Tickets' }, url: '/tickets' },
    { name: 'Door', name_localized: { de: 'Einlass' }, url: '/door' },
  ],
}
