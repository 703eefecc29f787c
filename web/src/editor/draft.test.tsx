import { act } from 'react'
import { createRoot } from 'react-dom/client'
import { beforeEach, expect, test, vi } from 'vitest'
import { type Draft, useAutosave } from './draft'
import { type Doc, emptyDoc } from './model/types'
import { Editor } from './state'

const shelf = vi.hoisted(() => ({ keep: vi.fn(), discard: vi.fn(), kept: vi.fn() }))
vi.mock('./shelf', () => shelf)
vi.stubGlobal('IS_REACT_ACT_ENVIRONMENT', true)

beforeEach(() => {
  vi.useFakeTimers()
  for (const call of Object.values(shelf)) call.mockReset()
  shelf.keep.mockResolvedValue(true)
  shelf.discard.mockResolvedValue(undefined)
})

const first = emptyDoc('Standard')
const drawn = (name: string): Doc => ({ ...first, name })

/** An editor that keeps its drafts, as it stands after it was opened with `draft`. */
function open(draft?: Draft) {
  const editor = new Editor(first)
  if (draft) editor.run('draft', () => draft.doc)
  const root = createRoot(document.createElement('div'))
  let state = ''
  function Keeper() {
    state = useAutosave(editor, 'key', first, draft)
    return null
  }
  act(() => root.render(<Keeper />))
  const draw = (doc: Doc) => act(() => editor.run('map', () => doc))
  const wait = () => act(() => vi.runAllTimersAsync())
  return { editor, draw, wait, state: () => state, close: () => act(() => root.unmount()) }
}

test('opening changes nothing of what is kept', async () => {
  for (const draft of [undefined, { doc: drawn('before'), at: '2026-11-22T19:00:00Z' }]) {
    const bench = open(draft)
    expect(bench.state()).toBe(draft ? 'kept' : 'clean')
    await bench.wait()
    bench.close()
  }
  expect(shelf.keep).not.toHaveBeenCalled()
  expect(shelf.discard).not.toHaveBeenCalled()
})

test('the newest drawing is kept, at the latest when the editor closes', async () => {
  const bench = open()
  bench.draw(drawn('one'))
  await bench.wait()
  bench.draw(drawn('two'))
  bench.close()
  expect(shelf.keep.mock.calls.map(([, { doc }]) => doc.name)).toEqual(['one', 'two'])
})

test('back at the beginning nothing is kept, and what was about to be is not', async () => {
  const bench = open()
  bench.draw(drawn('one'))
  await bench.wait()
  bench.draw(drawn('two'))
  act(() => {
    bench.editor.undo()
    bench.editor.undo()
  })
  bench.close()
  expect(shelf.keep).toHaveBeenCalledTimes(1)
  expect(shelf.discard).toHaveBeenCalledWith('key')
})
