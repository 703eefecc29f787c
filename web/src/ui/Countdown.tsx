import { useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { clock, secondsLeft } from '../lib/time'

/** When a screen reader is told how much is left, in seconds. */
const SPOKEN = [120, 60, 30, 10]
export const WARNING_SECONDS = 30

/** Seconds left until `at` (RFC 3339), counted by the device's clock and looked up again when it wakes. */
export function useSecondsLeft(at: string | undefined): number {
  const [left, setLeft] = useState(() => (at ? secondsLeft(Date.parse(at), Date.now()) : 0))
  useEffect(() => {
    if (!at) return
    const update = () => setLeft(secondsLeft(Date.parse(at), Date.now()))
    update()
    const timer = setInterval(update, 500)
    document.addEventListener('visibilitychange', update)
    return () => {
      clearInterval(timer)
      document.removeEventListener('visibilitychange', update)
    }
  }, [at])
  return left
}

type Props = { at: string; className?: string; onEnd?: () => void }

/** A clock that runs down. Seen every second, spoken only when it matters. */
export function Countdown({ at, className, onEnd }: Props) {
  const { t } = useTranslation()
  const left = useSecondsLeft(at)
  const ended = useRef(onEnd)
  ended.current = onEnd
  const over = left === 0
  useEffect(() => {
    if (over) ended.current?.()
  }, [over])
  const mark = SPOKEN.findLast((seconds) => left <= seconds)
  return (
    <>
      <span
        className={className}
        role="timer"
        aria-label={t('hold.yours')}
        aria-live="off"
        data-warning={left <= WARNING_SECONDS || undefined}
      >
        <span aria-hidden="true">{clock(left)}</span>
        <span className="visually-hidden">{t('time.left', { clock: clock(left) })}</span>
      </span>
      <span
        className="visually-hidden"
        aria-live={mark !== undefined && mark <= WARNING_SECONDS ? 'assertive' : 'polite'}
      >
        {mark !== undefined && !over && t('time.leftSpoken', { count: mark })}
        {over && t('time.over')}
      </span>
    </>
  )
}
