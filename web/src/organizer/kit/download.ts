import { isProblem } from '../../api/problem'

/** Text in a cell of a CSV file. One that a spreadsheet would take for a formula is kept a text. */
export function csvCell(value: string | number | null | undefined): string {
  const raw = String(value ?? '')
  const text = typeof value === 'string' && /^[=+\-@\t\r]/.test(raw) ? `'${raw}` : raw
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** RFC 4180, with the mark by which spreadsheets know UTF-8. */
export function csvText(rows: readonly (readonly (string | number | null | undefined)[])[]): string {
  return `\uFEFF${rows.map((row) => row.map(csvCell).join(',')).join('\r\n')}\r\n`
}

export function download(name: string, type: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }))
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), 10_000)
}

type Page<T> = { items: T[]; nextCursor?: string | null }

const sleep = (ms: number) => new Promise((done) => setTimeout(done, ms))

/** Reads a whole list, page after page, saying how far it is. Asked to wait, it waits: a stadium is long. */
export async function readAll<T>(
  read: (cursor: string | undefined) => Promise<Page<T>>,
  onProgress?: (count: number) => void,
): Promise<T[]> {
  const all: T[] = []
  let cursor: string | undefined
  for (;;) {
    const page = await read(cursor).catch((error) => {
      if (!isProblem(error, 'rate_limited') || !error.retryAfter) throw error
      return error.retryAfter
    })
    if (typeof page === 'number') {
      await sleep(page * 1000)
      continue
    }
    all.push(...page.items)
    onProgress?.(all.length)
    if (!page.nextCursor) return all
    cursor = page.nextCursor
  }
}
