// Fails when the JavaScript that the event page needs before it is usable has outgrown its limit.
// It follows the static imports of the entry and of the event page's own chunk, as a browser does.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'

const LIMIT = 180 * 1024
const dist = new URL('../dist/app/', import.meta.url).pathname
const assets = join(dist, 'assets')
const files = readdirSync(assets).filter((name) => name.endsWith('.js'))
const sources = new Map(files.map((name) => [name, readFileSync(join(assets, name), 'utf8')]))

function withImports(entry, found = new Set()) {
  if (found.has(entry)) return found
  found.add(entry)
  const source = sources.get(entry)
  // Static imports only: a dynamic one is `import(` and loads later.
  for (const [, name] of source.matchAll(/(?:from|import)\s*["']\.\/([^"']+\.js)["']/g))
    withImports(name, found)
  return found
}

const html = readFileSync(join(dist, 'index.html'), 'utf8')
const entries = [...html.matchAll(/(?:src|href)="\/assets\/([^"]+\.js)"/g)].map((match) => match[1])
const page = files.filter((name) => name.startsWith('EventPage-'))
const messages = files.filter((name) => /^(common|event)-/.test(name))
if (entries.length === 0 || page.length !== 1)
  throw new Error(`cannot find the event page among ${files.join(', ')}`)

const needed = new Set()
for (const entry of [...entries, ...page]) withImports(entry, needed)
// The messages of one language: the larger of each namespace.
for (const namespace of ['common', 'event']) {
  const sizes = messages
    .filter((name) => name.startsWith(`${namespace}-`))
    .sort((a, b) => sources.get(b).length - sources.get(a).length)
  if (sizes[0]) needed.add(sizes[0])
}

let gzip = 0
let brotli = 0
for (const name of needed) {
  const bytes = Buffer.from(sources.get(name))
  const size = gzipSync(bytes, { level: 9 }).length
  gzip += size
  brotli += brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }).length
  console.log(`${String((size / 1024).toFixed(1)).padStart(7)} KiB  ${name}`)
}
console.log(
  `${(gzip / 1024).toFixed(1)} KiB by gzip, ${(brotli / 1024).toFixed(1)} KiB by brotli; the limit is ${LIMIT / 1024} KiB by gzip`,
)
if (gzip > LIMIT) process.exit(1)
