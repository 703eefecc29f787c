// Measures the web app in Chromium and writes its part of docs/BENCHMARKS.md, behind what stands there already:
//   STAGEDOOR_BIN=target/release/stagedoor npm run bench
import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { startServer } from '../e2e/harness.mjs'

const HEADING = '## The web app'
const FILE = new URL('../../docs/BENCHMARKS.md', import.meta.url)
const here = new URL('..', import.meta.url).pathname
const run = promisify(execFile)

/** What a script prints; one that misses its target is shown like any other. */
async function printed(script, env = {}) {
  console.log(`${script} ...`)
  const options = { cwd: here, env: { ...process.env, ...env }, maxBuffer: 1 << 24 }
  const { stdout } = await run(process.execPath, [script], options).catch((error) => {
    if (error.stdout) return error
    throw error
  })
  console.log(stdout)
  return stdout.trim()
}

const size = (await printed('scripts/size.mjs')).split('\n').at(-1)
const map = await printed('bench/map.mjs')
const server = await startServer()
const lighthouse = await printed('scripts/lighthouse.mjs', { STAGEDOOR_URL: server.url }).finally(server.stop)

const { stdout: version } = await run(process.env.CHROMIUM ?? '/usr/bin/chromium', ['--version'])
const part = `${HEADING}

Headless ${version.trim()} without a GPU, by \`npm run bench\` in \`web/\`, which \`make bench\` ends with.

The map of 80,000 seats. ${map}

Lighthouse as on a middling phone (targets: performance 95, accessibility 100, best practices 100):

\`\`\`
${lighthouse}
\`\`\`

JavaScript before an event's page is usable: ${size}
`
const before = (await readFile(FILE, 'utf8')).split(HEADING)[0].trimEnd()
await writeFile(FILE, `${before}\n\n${part}`)
