import { useEffect } from 'react'

/** Keeps the screen on while the page is shown. */
export function useWakeLock(): void {
  useEffect(() => {
    let lock: WakeLockSentinel | undefined
    let ended = false
    const ask = async () => {
      if (document.hidden || !('wakeLock' in navigator)) return
      // Refused on a low battery: the screen goes dark as it would anywhere.
      lock = await navigator.wakeLock.request('screen').catch(() => undefined)
      if (ended) void lock?.release()
    }
    void ask()
    // The browser lets go of it whenever the page is hidden.
    document.addEventListener('visibilitychange', ask)
    return () => {
      ended = true
      document.removeEventListener('visibilitychange', ask)
      void lock?.release()
    }
  }, [])
}
