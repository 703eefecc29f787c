import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { serverNow } from '../lib/clock'
import { clock, secondsLeft } from '../lib/time'

/** When a screen reader is told how much is left, in seconds. */
const SPOKEN = [120, 60, 30, 10]
export const WARNING_SECONDS = 30

/** Seconds left until `at` (RFC 3339) by the server's clock, looked up again when the device wakes. */
export function useSecondsLeft(at: string | undefined): number {
  const [left, setLeft] = useState(() => (at ? secondsLeft(Date.parse(at), serverNow()) : 0))
  useEffect(() => {
    if (!at) return
    const update = () => setLeft(secondsLeft(Date.parse(at), serverNow()))
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

type Props = { at: string; className?: string }

/** A clock that runs down. Seen every second, spoken only when it matters; that it is over says who asked. */
export function Countdown({ at, className }: Props) {
  const { t } = useTranslation()
  const left = useSecondsLeft(at)
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
        {mark !== undefined && left > 0 && t('time.leftSpoken', { count: mark })}
      </span>
    </>
  )
}
