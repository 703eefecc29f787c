import { useEffect, useRef } from 'react'
import { useMe } from '../../api/me'
import { hasSession } from '../../api/session'

const key = (person: string, name: string) => `typed:${person}:${name}`

/**
 * What was typed outlives a session that ends meanwhile: it is there again when the same person is back.
 * `typed`: nothing while there is nothing to lose. Kept in this tab alone, and gone when somebody signs out.
 */
export function useKept<T>(name: string, typed: T | undefined, restore: (typed: T) => void): void {
  const { me } = useMe()
  const person = me?.id
  const last = useRef<{ person?: string | undefined; typed?: T | undefined }>({})
  useEffect(() => {
    // Who typed it is still known when their session is not.
    last.current = { person: person ?? last.current.person, typed }
  })
  const take = useRef(restore)
  useEffect(() => {
    if (!person) return
    const kept = sessionStorage.getItem(key(person, name))
    if (!kept) return
    sessionStorage.removeItem(key(person, name))
    take.current(JSON.parse(kept))
  }, [person, name])
  useEffect(
    () => () => {
      const { person, typed } = last.current
      if (!hasSession() && person && typed !== undefined)
        sessionStorage.setItem(key(person, name), JSON.stringify(typed))
    },
    [name],
  )
}
