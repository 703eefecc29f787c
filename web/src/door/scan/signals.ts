import { soundOn } from '../core/device'
import type { Tone } from '../core/judge'

/** Tones as [frequency in Hz, start and length in seconds, wave]. */
type Note = [number, number, number, OscillatorType]

/** Told apart without looking: two bright notes upwards, two even ones, three low and rough. */
const NOTES: Record<Tone, Note[]> = {
  go: [
    [880, 0, 0.09, 'sine'],
    [1318.5, 0.1, 0.2, 'sine'],
  ],
  wait: [
    [587.3, 0, 0.16, 'triangle'],
    [587.3, 0.24, 0.16, 'triangle'],
  ],
  stop: [
    [196, 0, 0.14, 'square'],
    [165, 0.18, 0.14, 'square'],
    [131, 0.36, 0.3, 'square'],
  ],
}

const BUZZES: Record<Tone, number[]> = { go: [60], wait: [120, 80, 120], stop: [250, 90, 250, 90, 250] }

let audio: AudioContext | undefined

/** Browsers let a page sound only after a press or a key: call it from one. */
export function wakeSound(): void {
  audio ??= new AudioContext()
  if (audio.state === 'suspended') void audio.resume()
}

/** Says how a scan came out to the ear and the hand. */
export function signal(tone: Tone): void {
  navigator.vibrate?.(BUZZES[tone])
  if (!soundOn() || !audio || audio.state !== 'running') return
  const now = audio.currentTime
  for (const [frequency, start, length, wave] of NOTES[tone]) {
    const note = audio.createOscillator()
    const level = audio.createGain()
    note.type = wave
    note.frequency.value = frequency
    const peak = wave === 'square' ? 0.25 : 0.5
    level.gain.setValueAtTime(0, now + start)
    level.gain.linearRampToValueAtTime(peak, now + start + 0.01)
    level.gain.setValueAtTime(peak, now + start + length - 0.03)
    level.gain.linearRampToValueAtTime(0, now + start + length)
    note.connect(level).connect(audio.destination)
    note.start(now + start)
    note.stop(now + start + length)
  }
}
