import { useSyncExternalStore } from 'react'
import { begin, commit, redo, type Session, undo } from './model/history'
import type { Doc, Flag, Selection, Uid } from './model/types'

export type Tool = 'select' | 'section' | 'area' | 'table' | 'stage' | 'brush' | 'pan'
/** What a click chooses: a whole section, a row of it or a seat of that. */
export type Grain = 'section' | 'row' | 'seat'
/** What the brush paints with; `plain` takes all flags away. */
export type Brush = { level: string } | { flag: Flag } | { flag: 'plain' }

interface Editing extends Session {
  readonly tool: Tool
  readonly grain: Grain
  readonly brush: Brush
}

/** The document in work, with what is chosen and in hand. Shared by the canvas and the panels. */
export class Editor {
  #now: Editing
  readonly #listeners = new Set<() => void>()

  constructor(doc: Doc) {
    this.#now = {
      ...begin(doc),
      tool: 'select',
      grain: 'section',
      brush: { level: doc.levels[0]?.key ?? '' },
    }
  }

  get now(): Editing {
    return this.#now
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Carries out a command; `name` is what undoing it is called. */
  run(
    name: string,
    command: (doc: Doc, selection: Selection) => Doc | { doc: Doc; select: Selection },
  ): void {
    const made = command(this.#now.doc, this.#now.selection)
    const [doc, select] = 'doc' in made ? [made.doc, made.select] : [made, this.#now.selection]
    this.#set({ ...this.#now, ...commit(this.#now, name, doc, select) })
  }

  undo = (): void => this.#set({ ...this.#now, ...undo(this.#now) })
  redo = (): void => this.#set({ ...this.#now, ...redo(this.#now) })

  select(selection: Iterable<Uid>): void {
    this.#set({ ...this.#now, selection: new Set(selection) })
  }

  use(change: Partial<Pick<Editing, 'tool' | 'grain' | 'brush'>>): void {
    this.#set({ ...this.#now, ...change })
  }

  /** Another document, with nothing to go back to. */
  open(doc: Doc): void {
    this.#set({ ...this.#now, ...begin(doc) })
  }

  #set(now: Editing): void {
    this.#now = now
    for (const listener of this.#listeners) listener()
  }
}

export function useEditing(editor: Editor): Editing {
  return useSyncExternalStore(editor.subscribe, () => editor.now)
}
