import '../../seatmap/map.css'
import { useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useTheme } from '../../theme/theme'
import { ZoomButtons } from '../../ui/ZoomButtons'
import { placesOf } from '../model/types'
import { type Editor, useEditing } from '../state'
import { Board } from '../view/board'
import { followHands } from '../view/hands'
import styles from './Workbench.module.css'

type Props = {
  editor: Editor
  onBoard: (board: Board | undefined) => void
  onKey: (event: React.KeyboardEvent) => void
}

/** The sheet that is drawn on. Everything it does can be done from the outline and the panel as well. */
export function Canvas({ editor, onBoard, onKey }: Props) {
  const { t } = useTranslation('editor')
  const { doc, tool } = useEditing(editor)
  const theme = useTheme()
  const host = useRef<HTMLDivElement>(null)
  const base = useRef<HTMLCanvasElement>(null)
  const over = useRef<HTMLCanvasElement>(null)
  const [board, setBoard] = useState<Board>()
  useEffect(() => {
    if (!host.current || !base.current || !over.current) return
    const made = new Board(editor, host.current, base.current, over.current)
    const end = followHands(made, {
      stage: t('stage'),
      tables: t('tables'),
      size: (rows, seats) => t('canvas.size', { rows, seats }),
    })
    setBoard(made)
    onBoard(made)
    return () => {
      end()
      made.end()
      onBoard(undefined)
    }
  }, [editor, onBoard, t])
  // The theme decides what the tokens say.
  useEffect(() => {
    void document.fonts.ready.then(() => theme && board?.dress())
  }, [board, theme])
  const { seats } = placesOf(doc)
  const counts = { sections: doc.sections.length, seats, areas: doc.areas.length }
  return (
    <div className={styles.stage}>
      <div
        ref={host}
        className={styles.canvas}
        data-tool={tool}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a drawing surface with keys of its own
        tabIndex={0}
        role="application"
        aria-label={t('canvas.name', counts)}
        onKeyDown={onKey}
      >
        <canvas ref={base} />
        <canvas ref={over} />
      </div>
      <ZoomButtons
        names={[t('canvas.zoomIn'), t('canvas.zoomOut'), t('canvas.showAll')]}
        onZoom={(factor) => board?.zoomBy(factor)}
        onFit={() => board?.showAll()}
        step={1.5}
      />
    </div>
  )
}
