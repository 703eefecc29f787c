import { type PointerEvent, useEffect, useRef } from 'react'
import * as cam from '../engine/camera'
import { fillOf, pathOf } from '../engine/ground'
import { lookOf } from '../engine/look'
import type { Plan } from '../engine/plan'
import type { MapView } from '../engine/view'
import type { Describer } from './describe'
import { colored } from './MapStage'
import styles from './MiniMap.module.css'

const WIDTH = 150

/** The whole map, small, with what is seen of it; a mouse moves that. Keys and fingers have other ways. */
export function MiniMap({
  plan,
  view,
  theme,
  describer,
}: {
  plan: Plan
  view: MapView
  theme: string
  describer: Describer
}) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const { bounds } = plan
  const scale = WIDTH / (bounds[2] - bounds[0])
  const height = Math.min(WIDTH, (bounds[3] - bounds[1]) * scale)
  const fit = Math.min(scale, height / (bounds[3] - bounds[1]))

  useEffect(() => {
    const drawn = canvas.current
    const context = drawn?.getContext('2d')
    if (!drawn || !context) return
    const ratio = Math.min(devicePixelRatio, 2)
    drawn.width = WIDTH * ratio
    drawn.height = height * ratio
    const look = colored(lookOf(drawn), describer)
    context.setTransform(fit * ratio, 0, 0, fit * ratio, 0, 0)
    context.translate(
      -(bounds[0] + bounds[2]) / 2 + WIDTH / 2 / fit,
      -(bounds[1] + bounds[3]) / 2 + height / 2 / fit,
    )
    for (const section of plan.sections) {
      context.fillStyle = fillOf({ look, levelsIn: undefined }, section.level, 0.5)
      context.fill(pathOf(section))
    }
  }, [plan, theme, describer, height, fit, bounds])

  const seen = cam.seen(view.camera, view.viewport)
  const onScreen = (x: number, y: number) => [
    (x - (bounds[0] + bounds[2]) / 2) * fit + WIDTH / 2,
    (y - (bounds[1] + bounds[3]) / 2) * fit + height / 2,
  ]
  const [left, top] = onScreen(seen[0], seen[1]) as [number, number]
  const move = (event: PointerEvent<HTMLDivElement>) => {
    if (event.buttons !== 1) return
    const box = event.currentTarget.getBoundingClientRect()
    const x = (event.clientX - box.left - WIDTH / 2) / fit + (bounds[0] + bounds[2]) / 2
    const y = (event.clientY - box.top - height / 2) / fit + (bounds[1] + bounds[3]) / 2
    view.jumpTo({ x, y, scale: view.camera.scale })
  }
  return (
    <div className={styles.mini} aria-hidden="true" onPointerDown={move} onPointerMove={move}>
      <canvas ref={canvas} style={{ inlineSize: `${WIDTH}px`, blockSize: `${height}px` }} />
      <span
        className={styles.seen}
        style={{
          transform: `translate(${left}px, ${top}px)`,
          inlineSize: `${(seen[2] - seen[0]) * fit}px`,
          blockSize: `${(seen[3] - seen[1]) * fit}px`,
        }}
      />
    </div>
  )
}
