// Serves the seat map's own page in front of a server that runs already.
import react from '@vitejs/plugin-react'
import { createServer } from 'vite'

/** `api`: where the server is. The page's origin is told to it as its own: live maps are for known pages only. */
export async function serveSeats(api) {
  const root = new URL('..', import.meta.url).pathname
  const server = await createServer({
    root,
    configFile: false,
    logLevel: 'error',
    plugins: [react()],
    cacheDir: 'node_modules/.vite-seats',
    server: {
      host: 'localhost',
      port: 0,
      hmr: false,
      proxy: { '/api': { target: api, ws: true, headers: { origin: api } } },
    },
    optimizeDeps: { entries: ['bench/*.html'] },
  })
  await server.listen()
  const { port } = server.httpServer.address()
  return { url: `http://localhost:${port}`, stop: () => server.close() }
}
