import { useEffect, useRef, useState } from 'react'
import type { Doc } from './model/types'
import { discard, keep, kept } from './shelf'
import { type Editor, useEditing } from './state'

export interface Draft {
  readonly doc: Doc
  /** RFC 3339. */
  readonly at: string
}

export const draftKey = (org: string, venue: string, map: string): string => `${org} ${venue} ${map}`

/** So long after the last change a draft is kept. */
const PAUSE_MS = 800

export const draftNow = (doc: Doc): Draft => ({ doc, at: new Date().toISOString() })

/** What was drawn here before and not saved as a version. */
export function useDraft(key: string): Draft | undefined | 'looking' {
  const [found, setFound] = useState<{ key: string; draft: Draft | undefined }>()
  useEffect(() => {
    let isOver = false
    void kept<Draft>(key).then((draft) => {
      if (!isOver) setFound({ key, draft })
    })
    return () => {
      isOver = true
    }
  }, [key])
  return found?.key === key ? found.draft : 'looking'
}

/** Keeps the drawing in this browser while it differs from the version it began from. */
export function useAutosave(
  editor: Editor,
  key: string,
  first: Doc,
  draft: Draft | undefined,
): 'clean' | 'keeping' | 'kept' | 'unkept' {
  const { doc } = useEditing(editor)
  const [state, setState] = useState<'clean' | 'keeping' | 'kept' | 'unkept'>('clean')
  // What this browser holds: before anything is done, nothing is kept and nothing discarded.
  const held = useRef<Doc | undefined>(draft?.doc ?? first)
  const pending = useRef<() => void>(undefined)
  useEffect(() => {
    pending.current = undefined
    if (doc === first) {
      if (held.current !== first) void discard(key)
      held.current = first
      setState('clean')
      return
    }
    if (doc === held.current) {
      setState('kept')
      return
    }
    setState('keeping')
    const save = () => {
      pending.current = undefined
      held.current = doc
      void keep(key, draftNow(doc)).then((isKept) => {
        if (!isKept && held.current === doc) held.current = undefined
        setState(isKept ? 'kept' : 'unkept')
      })
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
