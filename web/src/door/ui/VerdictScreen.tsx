import { useEffect, useId, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import { cx } from '../../ui/cx'
import { type Tone, toneOf } from '../core/judge'
import type { Pack, Scan } from '../core/types'
import { VerdictMark } from './VerdictMark'
import styles from './VerdictScreen.module.css'
import { usePlace, useWords } from './words'

/** How long a verdict stays by itself: a glance for the good, a talk for the bad. */
const SHOWN_MS: Record<Tone, number> = { go: 1_800, wait: 8_000, stop: 8_000 }

type Props = {
  scan: Scan | null
  pack: Pack
  /** Looked at again from the list: it stays until it is closed. */
  stays?: boolean
  onDone: () => void
}

/** Fills the screen with one answer, to be read at arm's length, at night, in a crowd. */
export function VerdictScreen({ scan, pack, stays = false, onDone }: Props) {
  const ref = useRef<HTMLDialogElement>(null)
  const done = useRef(onDone)
  done.current = onDone
  useEffect(() => {
    const dialog = ref.current
    if (!dialog) return
    if (scan && !dialog.open) dialog.showModal()
    if (!scan && dialog.open) dialog.close()
    if (!scan || stays) return
    const timer = setTimeout(() => done.current(), SHOWN_MS[toneOf(scan.verdict)])
    return () => clearTimeout(timer)
  }, [scan, stays])
  const id = useId()
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape and the button are the keyboard's way
    <dialog
      ref={ref}
      className={cx(styles.screen, scan !== null && styles[toneOf(scan.verdict)])}
      aria-labelledby={`${id}-title`}
      aria-describedby={`${id}-text`}
      onCancel={(event) => {
        event.preventDefault()
        onDone()
      }}
      onClick={onDone}
    >
      {scan && <Inside key={scan.scanId} {...{ scan, pack, stays, onDone, id }} />}
    </dialog>
  )
}

function Inside({
  scan,
  pack,
  stays,
  onDone,
  id,
}: Required<Omit<Props, 'scan'>> & { scan: Scan; id: string }) {
  const { t } = useTranslation('door')
  const { title, staff, guest } = useWords(pack)(scan)
  const { place } = scan
  const placeName = usePlace()
  const isIn = scan.verdict === 'admitted'
  return (
    <div className={styles.inside}>
      <div className={styles.mark}>
        <VerdictMark verdict={scan.verdict} />
      </div>
      <div className={styles.words} aria-live="assertive">
        <h2 className={styles.title} id={`${id}-title`}>
          {title}
        </h2>
        <div id={`${id}-text`} className={styles.text}>
          {place && isIn && (
            <p className={styles.place}>
              <strong>{placeName(place)}</strong>
              <span>
                {place.level}
                {/^standard$/i.test(place.ticketType) ? '' : ` · ${place.ticketType}`}
              </span>
            </p>
          )}
          <p className={styles.staff}>{staff}</p>
          {guest && (
            <p className={styles.guest}>
              <span>{t('verdict.tell')}</span>
              {guest}
            </p>
          )}
          {isIn && scan.by === 'device' && <p className={styles.alone}>{t('verdict.byDevice')}</p>}
        </div>
      </div>
      <button type="button" className={styles.next} onClick={onDone}>
        {t(stays ? 'verdict.close' : 'verdict.next')}
      </button>
      {!stays && <span className={styles.left} aria-hidden="true" />}
    </div>
  )
}
