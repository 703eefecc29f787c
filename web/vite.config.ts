import react from '@vitejs/plugin-react'
import { defineConfig, type Plugin } from 'vite'
import { VitePWA } from 'vite-plugin-pwa'
import { manifest } from './manifest'

/** Where the server listens that the development server passes calls on to. */
const api = process.env.STAGEDOOR_API ?? 'http://127.0.0.1:8080'

/** What every page needs, in one file that changes only when a dependency does. */
const framework = /node_modules\/(react|react-dom|scheduler|@tanstack|i18next|react-i18next|openapi-fetch)\//

/** What asks for the rest while the two below are on their way, and needs neither of them. */
const early =
  /\/src\/(early\.ts|api\/early|i18n\/(language|locales\/\w+\/welcome))|vite\/preload-helper|rolldown\/runtime/

/** What nearly every page shares: one request in place of twenty small ones. */
const shell = /\/src\/(main|app\/|ui\/|api\/|lib\/|theme\/|i18n\/[^/]+\.ts|fan\/(art\/|[^/]+$))/

/**
 * What is painted first, the page's head, needs styles and the font but none of the code: it is not to share
 * the line with it.
 */
const paintFirst: Plugin = {
  name: 'paint-first',
  transformIndexHtml: {
    order: 'post',
    handler: (html) =>
      html
        .replaceAll(/<script type="module"(?=[^>]* src="\/assets\/(?!early))/g, '$& fetchpriority="low"')
        .replace(/<script type="module"(?=[^>]* src="\/assets\/early)/, '$& async'),
  },
}

export default defineConfig({
  plugins: [
    react(),
    paintFirst,
    VitePWA({
      registerType: 'prompt',
      injectRegister: false,
      manifest,
      includeAssets: ['icon.svg'],
      workbox: {
        globPatterns: ['**/*.{js,css,html,woff2,svg}'],
        // The app's own pages come from the cache; what the server draws or answers never does.
        navigateFallback: '/index.html',
        navigateFallbackDenylist: [
          /^\/api\//,
          /^\/oauth\//,
          /^\/\.well-known\//,
          /^\/(healthz|readyz|metrics)$/,
        ],
      },
    }),
  ],
  build: {
    // The folder above it is there in every clone, for whoever embeds it.
    outDir: 'dist/app',
    emptyOutDir: true,
    target: 'es2022',
    // A style in the page itself would be refused by the content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            { name: 'early', test: early, priority: 3 },
            { name: 'framework', test: framework, priority: 2 },
            { name: 'shell', test: shell, priority: 1 },
          ],
        },
      },
    },
  },
  server: {
    port: 5173,
    proxy: {
      '/api': { target: api, ws: true },
      '/oauth': api,
      '/.well-known': api,
    },
  },
})
