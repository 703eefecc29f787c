// Lighthouse's mobile audit of the discover page and an event page of a server that runs already:
//   STAGEDOOR_URL=http://localhost:8080 npm run lighthouse
// Fails below the targets of the project.
import { launch } from 'chrome-launcher'
import lighthouse from 'lighthouse'

const TARGETS = { performance: 95, accessibility: 100, 'best-practices': 100 }
const url = process.env.STAGEDOOR_URL ?? 'http://localhost:8080'
const { items } = await (await fetch(`${url}/api/v1/events?q=clockmaker&limit=1`)).json()
const chrome = await launch({
  chromePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  chromeFlags: ['--headless=new', '--no-sandbox'],
})
let failed = false
for (const path of ['/', `/events/${items[0].id}`]) {
  const { lhr } = await lighthouse(`${url}${path}`, {
    port: chrome.port,
    onlyCategories: Object.keys(TARGETS),
    logLevel: 'error',
  })
  const scores = Object.keys(TARGETS).map((name) => [
    name,
    Math.round((lhr.categories[name].score ?? 0) * 100),
  ])
  const metric = (name) => lhr.audits[name].displayValue
  console.log(
    path,
    Object.fromEntries(scores),
    `FCP ${metric('first-contentful-paint')}, LCP ${metric('largest-contentful-paint')}, TBT ${metric('total-blocking-time')}, CLS ${metric('cumulative-layout-shift')}`,
  )
  for (const [name, score] of scores) {
    if (score >= TARGETS[name]) continue
    failed = true
    for (const { id } of lhr.categories[name].auditRefs) {
      const audit = lhr.audits[id]
      if (audit.score !== null && audit.score < 0.9)
        console.log(`  ${name}: ${id} ${audit.displayValue ?? ''}`)
    }
  }
}
chrome.kill()
if (failed) process.exit(1)
