import { duplicate, moveThings, removeThings } from './model/edit'
import { pitchOfMap } from './model/find'
import type { Editor, Tool } from './state'
import type { Board } from './view/board'

const TOOLS: Record<string, Tool> = {
  v: 'select',
  s: 'section',
  a: 'area',
  t: 'table',
  g: 'stage',
  b: 'brush',
  h: 'pan',
}
const ARROWS: Record<string, [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
}
const TURN = 5

/** Keys that hold everywhere but where text is written, or a dialog asks. Returns whether the key was one. */
export function pressAnywhere(event: KeyboardEvent, editor: Editor): boolean {
  const isText = (event.target as Element).closest?.('input, select, textarea')
  if (isText || document.querySelector('dialog[open]') || !(event.ctrlKey || event.metaKey)) return false
  switch (event.key.toLowerCase()) {
    case 'z':
      if (event.shiftKey) editor.redo()
      else editor.undo()
      return true
    case 'y':
      editor.redo()
      return true
    case 'd': {
      const step = pitchOfMap(editor.now.doc)
      editor.run('duplicate', (doc, chosen) => duplicate(doc, chosen, step, step))
      return true
    }
    default:
      return false
  }
}

/** Keys of the drawing itself, which single letters are only while it has the focus. */
export function pressOnCanvas(event: React.KeyboardEvent, editor: Editor, board: Board | undefined): boolean {
  const { doc } = editor.now
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'a') {
    editor.select([...doc.sections, ...doc.areas, ...doc.decorations].map(({ uid }) => uid))
    return true
  }
  if (event.ctrlKey || event.metaKey || event.altKey) return false
  const arrow = ARROWS[event.key]
  if (arrow) {
    const step = pitchOfMap(doc) * (event.shiftKey ? 0.1 : 1)
    if (editor.now.selection.size === 0) board?.panBy(-arrow[0] * 60, -arrow[1] * 60)
    else
      editor.run('move', (now, chosen) =>
        moveThings(now, chosen, { dx: arrow[0] * step, dy: arrow[1] * step }),
      )
    return true
  }
  const tool = TOOLS[event.key.toLowerCase()]
  if (tool) {
    editor.use({ tool })
    return true
  }
  switch (event.key) {
    case '[':
    case ']':
      editor.run('turn', (now, chosen) =>
        moveThings(now, chosen, { angle: event.key === '[' ? -TURN : TURN }),
      )
      return true
    case 'Delete':
    case 'Backspace':
      editor.run('remove', removeThings)
      return true
    case 'Escape':
      editor.select([])
      editor.use({ tool: 'select' })
      return true
    case '+':
    case '=':
      board?.zoomBy(1.5)
      return true
    case '-':
      board?.zoomBy(1 / 1.5)
      return true
    case '0':
      board?.showAll()
      return true
    default:
      return false
  }
}
