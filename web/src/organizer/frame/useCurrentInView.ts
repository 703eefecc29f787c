import { useRouterState } from '@tanstack/react-router'
import { useEffect, useRef } from 'react'

/** Keeps the link of the page that is shown in sight, in a bar of links that is wider than a phone. */
export function useCurrentInView() {
  const bar = useRef<HTMLElement>(null)
  const path = useRouterState({ select: (state) => state.resolvedLocation?.pathname })
  useEffect(() => {
    const element = bar.current
    const current = path && element?.querySelector<HTMLElement>('[aria-current="page"]')
    if (!element || !current) return
    // By hand: `scrollIntoView` would move the page, too.
    element.scrollLeft += current.getBoundingClientRect().left - element.getBoundingClientRect().left - MARGIN
  }, [path])
  return bar
}

/** What came before peeps out, so that there is seen to be more. */
const MARGIN = 48
