import { useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Button } from '../ui/Button'
import { cx } from '../ui/cx'
import { Icon } from '../ui/Icon'
import styles from './CameraView.module.css'
import {
  type Camera,
  CameraError,
  type CameraProblem,
  cameras,
  chooseCamera,
  chosenCamera,
  Scanner,
} from './scan/camera'
import { Glyph } from './ui/Glyph'

type State = { kind: 'opening' } | { kind: 'open' } | { kind: 'failed'; problem: CameraProblem }

/** The camera's picture with a frame to aim by, its light, and the choice among several cameras. */
export function CameraView({ onRead, paused }: { onRead: (text: string) => void; paused: boolean }) {
  const { t } = useTranslation('door')
  const video = useRef<HTMLVideoElement>(null)
  const read = useRef(onRead)
  const scanner = useRef<Scanner>(undefined)
  const [state, setState] = useState<State>({ kind: 'opening' })
  const [found, setFound] = useState<Camera[]>([])
  const [torch, setTorch] = useState<'none' | 'off' | 'on'>('none')
  const [attempt, setAttempt] = useState(0)
  useEffect(() => {
    read.current = paused ? () => undefined : onRead
  })
  useEffect(() => {
    const end = new AbortController()
    setState({ kind: 'opening' })
    const open = async () => {
      const opened = await Scanner.open(
        video.current as HTMLVideoElement,
        (text) => read.current(text),
        end.signal,
      )
      if (!opened) return
      scanner.current = opened
      setState({ kind: 'open' })
      setTorch(opened.hasTorch ? 'off' : 'none')
      setFound(await cameras())
    }
    open().catch((error) => {
      if (!end.signal.aborted)
        setState({ kind: 'failed', problem: error instanceof CameraError ? error.problem : 'none' })
    })
    return () => {
      end.abort()
      scanner.current?.close()
      scanner.current = undefined
    }
  }, [attempt])

  const nextCamera = () => {
    const at = found.findIndex(({ id }) => id === chosenCamera())
    const next = found[(at + 1) % found.length]
    if (next) chooseCamera(next.id)
    setAttempt(attempt + 1)
  }
  const toggleTorch = () => {
    const on = torch !== 'on'
    scanner.current?.setTorch(on).then(
      () => setTorch(on ? 'on' : 'off'),
      () => setTorch('none'),
    )
  }
  return (
    <div className={styles.view}>
      <video
        ref={video}
        className={cx(styles.video, state.kind === 'failed' && styles.away)}
        playsInline
        muted
      />
      {state.kind === 'open' && (
        <>
          <span className={styles.frame} aria-hidden="true" />
          <p className={styles.hint}>{t('camera.aim')}</p>
        </>
      )}
      {state.kind === 'opening' && (
        <p className={styles.words} role="status">
          {t('camera.opening')}
        </p>
      )}
      {state.kind === 'failed' && (
        <div className={styles.words} role="alert">
          <Glyph name="camera" size={40} />
          <p>{t(`camera.${state.problem}`)}</p>
          <Button onClick={() => setAttempt(attempt + 1)}>{t('camera.again')}</Button>
        </div>
      )}
      <div className={styles.buttons}>
        {torch !== 'none' && (
          <button type="button" className={styles.round} aria-pressed={torch === 'on'} onClick={toggleTorch}>
            <Glyph name="torch" size={26} />
            <span className="visually-hidden">{t('camera.torch')}</span>
          </button>
        )}
        {found.length > 1 && (
          <button type="button" className={styles.round} onClick={nextCamera}>
            <Icon name="refund" size={26} />
            <span className="visually-hidden">{t('camera.other')}</span>
          </button>
        )}
      </div>
    </div>
  )
}
