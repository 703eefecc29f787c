/** What belongs to the device and not to whoever holds it: the gate it stands at, its sounds. */
const GATE = 'door.gate'
const SOUND = 'door.sound'
const CAMERA = 'door.camera'

export const gate = (): string => localStorage.getItem(GATE) ?? ''
export const setGate = (name: string): void => localStorage.setItem(GATE, name.trim())

export const soundOn = (): boolean => localStorage.getItem(SOUND) !== 'off'
export const setSoundOn = (on: boolean): void => localStorage.setItem(SOUND, on ? 'on' : 'off')

/** Off for those who only use a hand scanner. */
export const cameraOn = (): boolean => localStorage.getItem(CAMERA) !== 'off'
export const setCameraOn = (on: boolean): void => localStorage.setItem(CAMERA, on ? 'on' : 'off')
