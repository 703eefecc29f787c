import { heard, offsetOf, type ServerClock, unknownClock } from './clock'

/** What belongs to the device and not to whoever holds it: the gate it stands at, its clock, its sounds. */
const GATE = 'door.gate'
const CLOCK = 'door.clock'
const SOUND = 'door.sound'
const CAMERA = 'door.camera'

export const gate = (): string => localStorage.getItem(GATE) ?? ''
export const setGate = (name: string): void => localStorage.setItem(GATE, name.trim())

export const soundOn = (): boolean => localStorage.getItem(SOUND) !== 'off'
export const setSoundOn = (on: boolean): void => localStorage.setItem(SOUND, on ? 'on' : 'off')

/** Off for those who only use a hand scanner. */
export const cameraOn = (): boolean => localStorage.getItem(CAMERA) !== 'off'
export const setCameraOn = (on: boolean): void => localStorage.setItem(CAMERA, on ? 'on' : 'off')

function keptClock(): ServerClock {
  try {
    const { low, high } = JSON.parse(localStorage.getItem(CLOCK) ?? 'null')
    if (Number.isFinite(low) && Number.isFinite(high)) return { low, high }
  } catch {
    // Nothing was kept, or nothing of use.
  }
  return unknownClock
}

let clock: ServerClock | undefined

/** Takes the time out of an answer of the server. */
export function hear(response: Response, sent: number): void {
  clock = heard(clock ?? keptClock(), response.headers.get('Date'), sent, Date.now())
  if (Number.isFinite(clock.low)) localStorage.setItem(CLOCK, JSON.stringify(clock))
}

/** Now by the server's clock, in ms since 1970. */
export function serverNow(): number {
  clock ??= keptClock()
  return Date.now() + offsetOf(clock)
}
