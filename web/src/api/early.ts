import { hear } from '../lib/clock'

/** Past this an answer that was asked for early is not waited for any longer. */
const PATIENCE_MS = 20_000

type Asked = { sent: number; answer: Promise<Response | undefined> }

const answers = new Map<string, Asked>()

/** Asks for what a page will want, before its code is there. */
export function askEarly(path: string): void {
  const sent = Date.now()
  const answer = fetch(path, { signal: AbortSignal.timeout(PATIENCE_MS) }).catch(() => undefined)
  answers.set(new URL(path, location.origin).href, { sent, answer })
}

/**
 * The answer to the same question, once. Nothing when it was not asked, or not answered well. Whoever stops
 * asking is let go at once.
 */
export async function takeEarly({ method, url, signal }: Request): Promise<Response | undefined> {
  const asked = method === 'GET' ? answers.get(url) : undefined
  if (!asked) return undefined
  answers.delete(url)
  const answer = await Promise.race([asked.answer, whenAborted(signal)])
  if (!answer?.ok) return undefined
  hear(answer, asked.sent)
  return answer
}

/** What nobody has taken by the time the page is there would be old when somebody did. */
export const forgetEarly = (): void => answers.clear()

function whenAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason)
    else signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}
