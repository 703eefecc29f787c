import { normalized, parseBarcode } from '../core/barcode'
import { Burst, likeliest } from './burst'

type Typed = HTMLInputElement | HTMLTextAreaElement

const typedInto = (target: EventTarget | null): Typed | undefined =>
  target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement ? target : undefined

/** Listens for a hand scanner wherever the focus is. Returns how to stop. */
export function listenForHandScanner(onRead: (text: string) => void): () => void {
  const burst = new Burst()
  let field: { element: Typed; value: string } | undefined
  const onKey = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.isComposing) return
    const { key, code, shiftKey, timeStamp: at } = event
    const heard = burst.feed({ key, code, shiftKey, at })
    if (heard === 'first') {
      // What the field held before: the first keys get into it until the burst is known for one.
      const element = typedInto(event.target)
      field = element && { element, value: element.value }
    }
    if (heard === 'pass' || heard === 'first') return
    event.preventDefault()
    event.stopPropagation()
    if (heard === 'ours') return
    if (field) restore(field.element, field.value)
    field = undefined
    onRead(likeliest(heard.read, (text) => parseBarcode(normalized(text)) !== undefined))
  }
  window.addEventListener('keydown', onKey, { capture: true })
  return () => window.removeEventListener('keydown', onKey, { capture: true })
}

/** As if the person had done it, so that the page's own state follows. */
function restore(element: Typed, value: string): void {
  const prototype = Object.getPrototypeOf(element)
  Object.getOwnPropertyDescriptor(prototype, 'value')?.set?.call(element, value)
  element.dispatchEvent(new Event('input', { bubbles: true }))
}
