import { SeatIndex } from './hit'
import type { Plan } from './plan'
import { type ReadPlan, readPlan } from './read'

interface LoadedPlan {
  readonly plan: Plan
  readonly index: SeatIndex
}

/** What stood in the way of a seat map: the status of the answer, or nothing when none came. */
export class PlanError extends Error {
  readonly status: number | undefined

  constructor(status: number | undefined) {
    super(`seat map: ${status ?? 'no answer'}`)
    this.status = status
  }
}

/** Loads an event's seat map on a thread of its own, or here where there is none. */
export async function loadPlan(url: string, signal?: AbortSignal): Promise<LoadedPlan> {
  const read = await (typeof Worker === 'undefined' ? readHere(url) : readElsewhere(url, signal))
  return { plan: read.plan, index: SeatIndex.from(read.index) }
}

async function readHere(url: string): Promise<ReadPlan> {
  try {
    return await readPlan(url)
  } catch (error) {
    throw errorOf(error instanceof Error ? error.message : '')
  }
}

function readElsewhere(url: string, signal: AbortSignal | undefined): Promise<ReadPlan> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./load.worker.ts', import.meta.url), { type: 'module' })
    const end = () => worker.terminate()
    worker.onmessage = ({ data }: MessageEvent<{ read?: ReadPlan; status?: string }>) => {
      end()
      if (data.read) resolve(data.read)
      else reject(errorOf(data.status ?? ''))
    }
    worker.onerror = () => {
      end()
      readHere(url).then(resolve, reject)
    }
    signal?.addEventListener('abort', () => {
      end()
      reject(signal.reason)
    })
    worker.postMessage(url)
  })
}

function errorOf(text: string): PlanError {
  return new PlanError(/^\d{3}$/.test(text) ? Number(text) : undefined)
}
