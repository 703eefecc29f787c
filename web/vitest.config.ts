import { defineConfig } from 'vitest/config'

export default defineConfig({
  // What pages show to whom is compared with the server's table in `docs`.
  server: { fs: { allow: ['..'] } },
  test: { include: ['src/**/*.test.{ts,tsx}'], environment: 'happy-dom' },
})
