import { stillThere } from './find'
import type { Doc, Selection } from './types'

/** A step that can be taken back: its name is a message key. */
interface Step {
  readonly name: string
  readonly doc: Doc
  readonly selection: Selection
}

export interface Session {
  readonly doc: Doc
  readonly selection: Selection
  readonly past: readonly Step[]
  readonly future: readonly Step[]
}

/** Steps that are kept; what they share with each other is kept once. */
const STEPS_MAX = 200

export const begin = (doc: Doc): Session => ({ doc, selection: new Set(), past: [], future: [] })

/** The document after a command; the same session if the command changed nothing. */
export function commit(session: Session, name: string, doc: Doc, selection = session.selection): Session {
  if (doc === session.doc) return session
  const step = { name, doc: session.doc, selection: session.selection }
  return {
    doc,
    selection: stillThere(doc, selection),
    past: [...session.past.slice(-STEPS_MAX + 1), step],
    future: [],
  }
}

export function undo(session: Session): Session {
  const step = session.past.at(-1)
  if (!step) return session
  const { doc, selection } = session
  return {
    doc: step.doc,
    selection: step.selection,
    past: session.past.slice(0, -1),
    future: [...session.future, { name: step.name, doc, selection }],
  }
}

export function redo(session: Session): Session {
  const step = session.future.at(-1)
  if (!step) return session
  const { doc, selection } = session
  return {
    doc: step.doc,
    selection: step.selection,
    past: [...session.past, { name: step.name, doc, selection }],
    future: session.future.slice(0, -1),
  }
}
