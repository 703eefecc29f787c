import '../src/theme/tokens.css'
import '../src/seatmap/map.css'
import './page.css'
import { askAvailability } from '../src/live/browser'
import { SeatIndex } from '../src/seatmap/engine/hit'
import { lookOf } from '../src/seatmap/engine/look'
import { Occupancy } from '../src/seatmap/engine/occupancy'
import { preparePlan } from '../src/seatmap/engine/read'
import { MapView } from '../src/seatmap/engine/view'

/** Drives the map as a hand would and keeps the time; `map.mjs` calls it in a browser. */
const canvas = document.getElementById('map') as HTMLCanvasElement
const words = { count: String, percent: (share: number) => `${Math.round(share * 100)} %` }

interface Opened {
  view: MapView
  occupancy: Occupancy
}

let opened: Opened | undefined

/** A point of the screen with seats under it when the whole stadium is seen. */
const STAND = { x: innerWidth * 0.45, y: innerHeight * 0.13 }

const frame = () => new Promise<number>((resolve) => requestAnimationFrame(resolve))

/** Everything after the geometry's last byte: reading, indexing, the first frame with seats on the screen. */
async function open(event: string) {
  const [answer, snapshot] = await Promise.all([
    fetch(`/api/v1/events/${event}/seat-map`),
    askAvailability(event),
  ])
  const text = await answer.text()
  const start = performance.now()
  const read = preparePlan(JSON.parse(text))
  const ready = performance.now()
  const occupancy = new Occupancy(read.plan)
  occupancy.replace(snapshot)
  const index = SeatIndex.from(read.index)
  const look = lookOf(document.documentElement)
  const view = new MapView(canvas, {
    plan: read.plan,
    index,
    occupancy,
    look,
    words,
    prefersStillness: () => false,
  })
  view.resize(innerWidth, innerHeight, devicePixelRatio)
  await frame()
  await frame()
  opened = { view, occupancy }
  return {
    bytes: text.length,
    seats: read.plan.seatCount,
    read: ready - start,
    first: performance.now() - start,
  }
}

/** Time from frame to frame while `move` is called for each of `count`. */
async function frames(count: number, move: (at: number) => void): Promise<number[]> {
  const times: number[] = []
  let before = await frame()
  for (let at = 0; at < count; at++) {
    move(at)
    const now = await frame()
    times.push(now - before)
    before = now
  }
  return times
}

async function pan(magnification: number): Promise<number[]> {
  const { view } = opened!
  view.fit()
  await settle()
  view.zoomBy(magnification, STAND, 'now')
  await settle()
  const times = await frames(120, (at) => view.panBy(Math.cos(at / 12) * 14, Math.sin(at / 9) * 10))
  await settle()
  return times
}

async function zoom(): Promise<number[]> {
  const { view } = opened!
  view.fit()
  await settle()
  view.isHeld = true
  const times = await frames(180, (at) =>
    view.zoomBy(at < 90 ? 1.035 : 1 / 1.035, { x: innerWidth * 0.35, y: innerHeight * 0.3 }, 'now'),
  )
  view.isHeld = false
  await settle()
  return times
}

/** One delta with `count` changed seats, from the moment it arrives until its frame is over. */
async function delta(count: number, magnification: number): Promise<number[]> {
  const { view, occupancy } = opened!
  view.fit()
  await settle()
  if (magnification > 1) view.zoomBy(magnification, STAND, 'now')
  await settle()
  const times: number[] = []
  for (let round = 0; round < 15; round++) {
    const seats: [number, number][] = []
    const step = Math.max(1, Math.floor(occupancy.seats.length / count))
    for (let at = 0; at < count; at++) {
      const seat = (at * step + round) % occupancy.seats.length
      seats.push([seat, (occupancy.seats[seat]! + 1) % 3])
    }
    await new Promise((resolve) => setTimeout(resolve, 300))
    const start = performance.now()
    occupancy.apply({ version: (occupancy.version ?? 0) + 1, seats, areas: [] })
    view.draw()
    // What was recorded is rasterized before a pixel can be read.
    canvas.getContext('2d')!.getImageData(0, 0, 1, 1)
    times.push(performance.now() - start)
  }
  return times
}

async function settle(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 700))
}

Object.assign(window, { bench: { open, pan, zoom, delta, opened: () => opened } })
