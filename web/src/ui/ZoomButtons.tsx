import { Outline } from './Outline'
import styles from './ZoomButtons.module.css'

type Props = {
  /** What the three are called, in this order: closer, further away, all of it. */
  names: readonly [string, string, string]
  /** By which factor, above one for closer. */
  onZoom: (factor: number) => void
  onFit: () => void
  /** Of one press. */
  step: number
}

/** In the corner of a drawing, for whoever has no wheel and no second finger. */
export function ZoomButtons({ names: [closer, further, all], onZoom, onFit, step }: Props) {
  return (
    <div className={styles.zoom}>
      <button type="button" aria-label={closer} title={closer} onClick={() => onZoom(step)}>
        <Outline size={20} path="M12 5v14M5 12h14" />
      </button>
      <button type="button" aria-label={further} title={further} onClick={() => onZoom(1 / step)}>
        <Outline size={20} path="M5 12h14" />
      </button>
      <button type="button" aria-label={all} title={all} onClick={onFit}>
        <Outline size={20} path="M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5" />
      </button>
    </div>
  )
}
