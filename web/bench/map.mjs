// Measures the seat map of 80,000 seats in headless Chromium without a GPU and prints a table.
// Rounds differ with what else the machine does, so each is shown.
import { cpus, loadavg } from 'node:os'
import { chromium } from 'playwright-core'
import { startServer } from '../e2e/harness.mjs'
import { serveSeats } from '../e2e/seatmap-page.mjs'

const ROUNDS = Number(process.env.ROUNDS ?? 3)
const server = await startServer()
const site = await serveSeats(server.url)
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu'],
})

const rows = new Map()
const add = (measure, target, figures) => {
  if (!rows.has(measure)) rows.set(measure, { target, rounds: [] })
  rows.get(measure).rounds.push(figures)
}
const at = (times, share) =>
  times.toSorted((one, other) => one - other)[Math.ceil(times.length * share) - 1].toFixed(1)
const spread = (times) => `p50 ${at(times, 0.5)}, p95 ${at(times, 0.95)}, max ${at(times, 1)}`

try {
  const { items } = await (await fetch(`${server.url}/api/v1/events?q=Northern%20Lights&limit=1`)).json()
  for (let round = 0; round < ROUNDS; round++) {
    const page = await (await browser.newContext({ viewport: { width: 1280, height: 800 } })).newPage()
    await page.goto(`${site.url}/bench/index.html`)
    await page.waitForFunction(() => window.bench !== undefined)
    const opened = await page.evaluate((event) => window.bench.open(event), items[0].id)
    const { first, read, seats } = opened
    add(
      `first frame of ${seats} seats after the geometry arrived`,
      '< 600',
      `${first.toFixed(0)} (${read.toFixed(0)} of it reading)`,
    )
    for (const magnification of [1, 2.5, 6, 14]) {
      const times = await page.evaluate((by) => window.bench.pan(by), magnification)
      add(`pan, zoomed in ${magnification} times`, 'p95 < 20, max <= 100', spread(times))
    }
    add('zoom in and out', 'p95 < 20, max <= 100', spread(await page.evaluate(() => window.bench.zoom())))
    for (const magnification of [1, 2, 2.5, 6, 14]) {
      const times = await page.evaluate((by) => window.bench.delta(1_000, by), magnification)
      add(`1,000 changes in one delta, zoomed in ${magnification} times`, '< 50', spread(times))
    }
    await page.context().close()
  }
} finally {
  await browser.close()
  await site.stop()
  await server.stop()
}

console.log(
  `Milliseconds. ${cpus().length} cores, load averages ${loadavg()
    .map((load) => load.toFixed(1))
    .join(' ')}.\n`,
)
console.log(
  `| measure | target | ${Array.from({ length: ROUNDS }, (_, round) => `round ${round + 1}`).join(' | ')} |`,
)
console.log(`| --- | --- | ${'--- | '.repeat(ROUNDS)}`)
for (const [measure, { target, rounds }] of rows)
  console.log(`| ${measure} | ${target} | ${rounds.join(' | ')} |`)
