import { useEffect, useRef, useState } from 'react'
import type { Doc } from './model/types'
import { discard, keep } from './shelf'
import { type Editor, useEditing } from './state'

export interface Draft {
  readonly doc: Doc
  /** RFC 3339. */
  readonly at: string
}

export const draftKey = (org: string, venue: string, map: string): string => `${org} ${venue} ${map}`

/** So long after the last change a draft is kept. */
const PAUSE_MS = 800

/** Keeps the drawing in this browser while it differs from the version it began from. */
export function useAutosave(
  editor: Editor,
  key: string,
  first: Doc,
): 'clean' | 'keeping' | 'kept' | 'unkept' {
  const { doc } = useEditing(editor)
  const [state, setState] = useState<'clean' | 'keeping' | 'kept' | 'unkept'>('clean')
  const pending = useRef<() => void>(undefined)
  useEffect(() => {
    if (doc === first) {
      void discard(key)
      setState('clean')
      return
    }
    setState('keeping')
    const save = () => {
      pending.current = undefined
      void keep(key, { doc, at: new Date().toISOString() } satisfies Draft).then((isKept) =>
        setState(isKept ? 'kept' : 'unkept'),
      )
    }
    pending.current = save
    const timer = setTimeout(save, PAUSE_MS)
    return () => clearTimeout(timer)
  }, [doc, key, first])
  useEffect(() => {
    const leave = () => pending.current?.()
    document.addEventListener('visibilitychange', leave)
    return () => {
      document.removeEventListener('visibilitychange', leave)
      leave()
    }
  }, [])
  return state
}
