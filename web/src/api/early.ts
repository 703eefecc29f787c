/** Past this an answer that was asked for early is not waited for any longer. */
const PATIENCE_MS = 20_000

const answers = new Map<string, Promise<Response | undefined>>()

/** Asks for what a page will want, before its code is there. */
export function askEarly(path: string): void {
  const asked = fetch(path, { signal: AbortSignal.timeout(PATIENCE_MS) }).catch(() => undefined)
  answers.set(new URL(path, location.origin).href, asked)
}

/** The answer to the same question, once. Nothing when it was not asked, or not answered well. */
export async function takeEarly({ method, url }: Request): Promise<Response | undefined> {
  const asked = method === 'GET' ? answers.get(url) : undefined
  if (!asked) return undefined
  answers.delete(url)
  const answer = await asked
  return answer?.ok ? answer : undefined
}

/** What nobody has taken by the time the page is there would be old when somebody did. */
export const forgetEarly = (): void => answers.clear()
