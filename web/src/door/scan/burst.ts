/** A key as a hand scanner sends it: `key` by the keyboard layout that is set, `code` by the place of the key. */
export type Key = { key: string; code: string; shiftKey: boolean; at: number }

/** Slow scanners, and those by radio, pause up to this long between keys. */
const GAP_MS = 100
/** Nobody types this fast for long: what comes so is a scanner's, whatever it says. */
const MACHINE_GAP_MS = 30
/** A burst shorter than this is no barcode. */
const SHORTEST = 8
/** Barcodes of ours begin so, and no word that a person types. */
const OURS = /^(?:V50|HB0)/i

const US_SHIFTED: Record<string, string> = {
  Digit1: '!',
  Digit2: '@',
  Digit3: '#',
  Digit4: '$',
  Digit5: '%',
  Digit6: '^',
  Digit7: '&',
  Digit8: '*',
  Digit9: '(',
  Digit0: ')',
  Minus: '_',
  Equal: '+',
  Semicolon: ':',
}
const US_PLAIN: Record<string, string> = {
  Space: ' ',
  Minus: '-',
  Period: '.',
  Slash: '/',
  NumpadAdd: '+',
  NumpadSubtract: '-',
  NumpadMultiply: '*',
  NumpadDivide: '/',
  NumpadDecimal: '.',
}

/** What the key is on an American keyboard, which scanners pretend to be unless told otherwise. */
export function onUsKeyboard({ code, shiftKey }: Pick<Key, 'code' | 'shiftKey'>): string | undefined {
  const letter = /^Key([A-Z])$/.exec(code)?.[1]
  if (letter) return letter
  if (shiftKey) return US_SHIFTED[code]
  return /^(?:Digit|Numpad)(\d)$/.exec(code)?.[1] ?? US_PLAIN[code]
}

/**
 * Tells a hand scanner's keys from a person's by their pace. `pass`: the key is the page's; `first`: as well,
 * and a burst may begin with it; `ours`: keep it from the page; `read`: a whole text, as the keyboard layout
 * has it and as an American one would.
 */
export class Burst {
  #typed = ''
  #american = ''
  #slowest = 0
  #last = Number.NEGATIVE_INFINITY

  feed({ key, code, shiftKey, at }: Key): 'pass' | 'first' | 'ours' | { read: string[] } {
    const gap = at - this.#last
    this.#last = at
    if (gap > GAP_MS) this.#clear()
    if (key === 'Enter' || key === 'Tab') {
      const texts = [this.#typed, this.#american].filter((text) => text.length >= SHORTEST)
      const read = this.#isScanner && texts.length > 0 ? [...new Set(texts)] : undefined
      this.#clear()
      return read ? { read } : 'pass'
    }
    // Shift and its like say nothing by themselves.
    if (key.length !== 1) return this.#typed.length > SHORTEST && this.#isScanner ? 'ours' : 'pass'
    const isFirst = this.#typed === ''
    if (!isFirst) this.#slowest = Math.max(this.#slowest, gap)
    this.#typed += key
    this.#american += onUsKeyboard({ code, shiftKey }) ?? ''
    if (isFirst) return 'first'
    return this.#isScanner && (this.#typed.length > SHORTEST || this.#isOurs) ? 'ours' : 'pass'
  }

  get #isOurs(): boolean {
    return OURS.test(this.#typed) || OURS.test(this.#american)
  }

  get #isScanner(): boolean {
    return this.#slowest <= MACHINE_GAP_MS || this.#isOurs
  }

  #clear(): void {
    this.#typed = ''
    this.#american = ''
    this.#slowest = 0
  }
}

/** The one of what a burst may have meant that is shaped like a ticket, or the first. */
export function likeliest(read: string[], isTicket: (text: string) => boolean): string {
  return read.find(isTicket) ?? read[0] ?? ''
}
