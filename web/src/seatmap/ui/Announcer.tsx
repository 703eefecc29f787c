import { useCallback, useState } from 'react'

/** Says things to screen readers when they have finished the sentence before. */
export function useAnnouncer() {
  const [said, setSaid] = useState({ text: '', turn: 0 })
  const announce = useCallback((text: string) => setSaid(({ turn }) => ({ text, turn: turn + 1 })), [])
  // Two places in turn: the same words again would not be heard in one.
  const element = (
    <div className="visually-hidden" aria-live="polite" aria-atomic="true" data-said={said.text}>
      <p>{said.turn % 2 === 0 ? said.text : ''}</p>
      <p>{said.turn % 2 === 1 ? said.text : ''}</p>
    </div>
  )
  return { announce, element }
}
