import type { Frame } from './decode.worker'

/** Reads the barcode in a picture of the camera, if there is one. */
export type Decoder = { read: (video: HTMLVideoElement) => Promise<string | null>; close: () => void }

type Detector = { detect: (source: CanvasImageSource) => Promise<{ rawValue: string }[]> }
type DetectorClass = {
  new (options: { formats: string[] }): Detector
  getSupportedFormats: () => Promise<string[]>
}

export async function makeDecoder(): Promise<Decoder> {
  return (await platform()) ?? library()
}

/** The browser's own, where it reads what our tickets show. */
async function platform(): Promise<Decoder | undefined> {
  const { BarcodeDetector } = globalThis as { BarcodeDetector?: DetectorClass }
  if (!BarcodeDetector) return undefined
  try {
    if (!(await BarcodeDetector.getSupportedFormats()).includes('qr_code')) return undefined
    const detector = new BarcodeDetector({ formats: ['qr_code'] })
    return {
      read: async (video) => (await detector.detect(video))[0]?.rawValue ?? null,
      close: () => undefined,
    }
  } catch {
    return undefined
  }
}

/** Longest side of the pictures that are looked through, in turn: what one misses, the other may see. */
const SIDES = [640, 480, 800]

function library(): Decoder {
  const worker = new Worker(new URL('./decode.worker.ts', import.meta.url), { type: 'module' })
  const canvas = document.createElement('canvas')
  const context = canvas.getContext('2d', { willReadFrequently: true })
  let turn = 0
  const read = (frame: Frame) =>
    new Promise<string | null>((resolve) => {
      worker.onmessage = ({ data }) => resolve(data)
      worker.onerror = () => resolve(null)
      worker.postMessage(frame, [frame.data.buffer])
    })
  return {
    read: async (video) => {
      const { videoWidth, videoHeight } = video
      if (!context || videoWidth === 0) return null
      // The middle square: it is what the screen shows, and all that people aim with.
      const side = Math.min(videoWidth, videoHeight)
      const size = Math.min(side, SIDES[turn++ % SIDES.length] as number)
      canvas.width = size
      canvas.height = size
      const [left, top] = [(videoWidth - side) / 2, (videoHeight - side) / 2]
      context.drawImage(video, left, top, side, side, 0, 0, size, size)
      const { data } = context.getImageData(0, 0, size, size)
      return read({ data, width: size, height: size })
    },
    close: () => worker.terminate(),
  }
}
