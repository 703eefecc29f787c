// The editor's sheet under fingers and a wheel.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { newMap, outline } from './editor-map.mjs'
import { launch, startServer } from './harness.mjs'

let server
let browser
let owner
before(async () => {
  server = await startServer()
  owner = server.world.accounts.find(({ role }) => role === 'owner')
  browser = await launch()
})
after(async () => {
  await browser?.close()
  await server?.stop()
})

const tool = (page, name) => page.getByRole('button', { name, exact: true }).click()
const chosen = (page) => page.locator('[role=treeitem][aria-selected=true]')

/** Points of the sheet by shares of its width and height. */
async function sheet(page) {
  const box = await page.getByRole('application').boundingBox()
  return ([x, y]) => ({ x: Math.round(box.x + box.width * x), y: Math.round(box.y + box.height * y) })
}

/** Fingers on the screen: each has a path of as many points as the others. */
async function touch(page, ...paths) {
  const at = await sheet(page)
  const session = await page.context().newCDPSession(page)
  const points = (step) => paths.map((path, id) => ({ ...at(path[step]), id }))
  const send = (type, touchPoints) => session.send('Input.dispatchTouchEvent', { type, touchPoints })
  // One after the other, as hands are.
  for (let down = 1; down <= paths.length; down++) await send('touchStart', points(0).slice(0, down))
  for (let step = 1; step < paths[0].length; step++) await send('touchMove', points(step))
  const last = points(paths[0].length - 1)
  for (let left = paths.length - 1; left >= 0; left--) await send('touchEnd', last.slice(0, left))
  await session.detach()
}

const FROM = [0.35, 0.4]
const TO = [0.65, 0.6]
/** Beside what is drawn between those two, and upon it once the view is closer. */
const BESIDE = [0.2, 0.5]

test('fingers draw, choose, move and pinch, and a pinch draws nothing', async () => {
  const { context, page, errors } = await newMap(browser, server.url, owner, {
    viewport: { width: 820, height: 1180 },
    hasTouch: true,
  })
  await tool(page, 'Draw a section')
  await touch(page, [FROM, [0.5, 0.5], TO])
  await page.getByRole('button', { name: 'Undo: draw a section' }).waitFor()
  const drawn = await outline(page)
  assert.equal(drawn.length, 1)

  // A second finger: what the first began to draw is dropped.
  await tool(page, 'Draw a stage')
  await touch(
    page,
    [
      [0.3, 0.1],
      [0.35, 0.15],
      [0.35, 0.2],
    ],
    [
      [0.7, 0.3],
      [0.65, 0.25],
      [0.65, 0.2],
    ],
  )
  assert.deepEqual(await outline(page), drawn)
  await page.getByRole('button', { name: 'Show all' }).click()

  await tool(page, 'Select and move')
  await touch(page, [BESIDE])
  await page.waitForFunction(() => !document.querySelector('[role=treeitem][aria-selected=true]'))
  const apart = [
    [
      [0.45, 0.5],
      [0.35, 0.5],
      [0.25, 0.5],
      [0.15, 0.5],
    ],
    [
      [0.55, 0.5],
      [0.65, 0.5],
      [0.75, 0.5],
      [0.85, 0.5],
    ],
  ]
  await touch(page, ...apart)
  assert.equal(await chosen(page).count(), 0)
  await touch(page, [BESIDE])
  await chosen(page).waitFor()
  await touch(page, [
    [0.5, 0.5],
    [0.5, 0.55],
    [0.5, 0.65],
  ])
  await page.getByRole('button', { name: 'Undo: move' }).waitFor()
  assert.deepEqual(errors, [])
  await context.close()
})

test('the wheel goes closer where it points, and with Shift along', async () => {
  const { context, page, errors } = await newMap(browser, server.url, owner)
  const at = await sheet(page)
  const go = async (share) => {
    const { x, y } = at(share)
    await page.mouse.move(x, y)
  }
  await tool(page, 'Draw a section')
  await go(FROM)
  await page.mouse.down()
  await go([0.5, 0.5])
  await go(TO)
  await page.mouse.up()
  await tool(page, 'Select and move')
  const click = async (share) => {
    const { x, y } = at(share)
    await page.mouse.click(x, y)
  }
  await click(BESIDE)
  await page.waitForFunction(() => !document.querySelector('[role=treeitem][aria-selected=true]'))
  await go([0.5, 0.5])
  for (let turn = 0; turn < 6; turn++) await page.mouse.wheel(0, -120)
  await click(BESIDE)
  await chosen(page).waitFor()

  // Out again, until it is small and the edge of the sheet is empty.
  await go([0.5, 0.5])
  for (let turn = 0; turn < 8; turn++) await page.mouse.wheel(0, 120)
  await click(BESIDE)
  await page.waitForFunction(() => !document.querySelector('[role=treeitem][aria-selected=true]'))
  // Along, by as much as it takes to bring the section there.
  const { x: middle } = at([0.5, 0.5])
  const { x: aim } = at(BESIDE)
  await page.keyboard.down('Shift')
  await page.mouse.wheel(0, middle - aim)
  await page.keyboard.up('Shift')
  await click(BESIDE)
  await chosen(page).waitFor()
  assert.equal((await outline(page)).length, 1)
  assert.deepEqual(errors, [])
  await context.close()
})
