import { readPlan } from './read'

/** Reads a seat map off the page's thread: a stadium's takes long enough to be felt there. */
self.onmessage = async ({ data: url }: MessageEvent<string>) => {
  try {
    const read = await readPlan(url)
    self.postMessage({ read }, { transfer: read.buffers })
  } catch (error) {
    self.postMessage({ status: error instanceof Error ? error.message : String(error) })
  }
}
