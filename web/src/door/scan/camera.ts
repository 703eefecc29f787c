import { isSameShowing } from '../core/barcode'
import { type Decoder, makeDecoder } from './decoder'

/** Why there is no picture, in what a person can do about it. */
export type CameraProblem = 'denied' | 'none' | 'busy' | 'insecure'

export type Camera = { id: string; label: string }

/** A code that stays in view is one scan; away for this long, it is another. */
const AWAY_MS = 2_500
/** Between looks: enough for the eye, and the battery lasts the night. */
const LOOK_MS = 90

const DEVICE = 'door.cameraId'

export class CameraError extends Error {
  readonly problem: CameraProblem

  constructor(problem: CameraProblem) {
    super(problem)
    this.problem = problem
  }
}

function problemOf(error: unknown): CameraProblem {
  if (!(error instanceof DOMException)) return 'none'
  if (error.name === 'NotAllowedError' || error.name === 'SecurityError') return 'denied'
  return error.name === 'NotReadableError' || error.name === 'AbortError' ? 'busy' : 'none'
}

/** A running camera that looks for barcodes until it is closed. */
export class Scanner {
  #video: HTMLVideoElement
  #stream: MediaStream
  #decoder: Decoder
  #timer: ReturnType<typeof setTimeout> | undefined
  #closed = false
  #seen = { text: '', at: Number.NEGATIVE_INFINITY }
  #onRead: (text: string) => void

  private constructor(
    video: HTMLVideoElement,
    stream: MediaStream,
    decoder: Decoder,
    onRead: (text: string) => void,
  ) {
    this.#video = video
    this.#stream = stream
    this.#decoder = decoder
    this.#onRead = onRead
    void this.#look()
  }

  static async open(
    video: HTMLVideoElement,
    onRead: (text: string) => void,
    signal: AbortSignal,
  ): Promise<Scanner | undefined> {
    if (!navigator.mediaDevices) throw new CameraError('insecure')
    const decoder = await makeDecoder()
    let stream: MediaStream | undefined
    try {
      stream = await openStream()
      if (!signal.aborted) {
        video.srcObject = stream
        await video.play()
      }
    } catch (error) {
      stopAll(stream)
      decoder.close()
      if (signal.aborted) return undefined
      throw new CameraError(problemOf(error))
    }
    if (signal.aborted) {
      stopAll(stream)
      decoder.close()
      return undefined
    }
    return new Scanner(video, stream, decoder, onRead)
  }

  get #track(): MediaStreamTrack | undefined {
    return this.#stream.getVideoTracks()[0]
  }

  get hasTorch(): boolean {
    // Not in the types of the platform, as few browsers have it.
    const can = this.#track?.getCapabilities?.() as { torch?: boolean } | undefined
    return can?.torch === true
  }

  async setTorch(on: boolean): Promise<void> {
    await this.#track?.applyConstraints({ advanced: [{ torch: on } as MediaTrackConstraintSet] })
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
    stopAll(this.#stream)
    this.#decoder.close()
    this.#video.srcObject = null
  }

  async #look(): Promise<void> {
    const text = document.hidden ? null : await this.#decoder.read(this.#video).catch(() => null)
    if (this.#closed) return
    if (text) this.#read(text)
    this.#timer = setTimeout(() => void this.#look(), LOOK_MS)
  }

  #read(text: string): void {
    const now = performance.now()
    const isNew = !isSameShowing(text, this.#seen.text) || now - this.#seen.at > AWAY_MS
    this.#seen = { text, at: now }
    if (isNew) this.#onRead(text)
  }
}

/** The cameras by name; names are known once one of them was allowed. */
export async function cameras(): Promise<Camera[]> {
  const devices = (await navigator.mediaDevices?.enumerateDevices()) ?? []
  return devices
    .filter(({ kind, deviceId }) => kind === 'videoinput' && deviceId !== '')
    .map(({ deviceId, label }) => ({ id: deviceId, label }))
}

export const chosenCamera = (): string => localStorage.getItem(DEVICE) ?? ''
export const chooseCamera = (id: string): void => localStorage.setItem(DEVICE, id)

const SIZE = { width: { ideal: 1280 }, height: { ideal: 720 } }

async function openStream(): Promise<MediaStream> {
  const id = chosenCamera()
  if (id) {
    try {
      return await navigator.mediaDevices.getUserMedia({ video: { deviceId: { exact: id }, ...SIZE } })
    } catch (error) {
      // The chosen one was unplugged: any other is better than none.
      if (!(error instanceof DOMException) || error.name !== 'OverconstrainedError') throw error
      localStorage.removeItem(DEVICE)
    }
  }
  return navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment', ...SIZE } })
}

function stopAll(stream: MediaStream | undefined): void {
  for (const track of stream?.getTracks() ?? []) track.stop()
}
