import decodeQR from 'qr/decode.js'

export type Frame = { data: Uint8ClampedArray; width: number; height: number }

/** Off the page's own thread: a frame takes up to a tenth of a second on an old phone. */
self.addEventListener('message', ({ data: frame }: MessageEvent<Frame>) => {
  let text: string | null = null
  try {
    text = decodeQR(frame)
  } catch {
    // No code in this picture; the next one comes soon.
  }
  self.postMessage(text)
})
