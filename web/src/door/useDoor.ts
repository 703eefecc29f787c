import { useEffect, useState, useSyncExternalStore } from 'react'
import { serverNow } from '../lib/clock'
import { Door, type DoorState } from './core/door'
import { preparePack } from './core/pack'
import { packOf } from './core/store'

type Opening = { door: Door; error: undefined } | { door: undefined; error: unknown }

/** The door of an event: from what is kept on the device at once, else from the server. */
export function useDoor(organizerId: string, eventId: string, attempt: number): Opening {
  const [opening, setOpening] = useState<Opening>({ door: undefined, error: undefined })
  useEffect(() => {
    let door: Door | undefined
    let ended = false
    const open = async () => {
      const pack = (await packOf(eventId)) ?? (await preparePack(organizerId, eventId, serverNow))
      const made = new Door(pack)
      await made.open()
      if (ended) return made.close()
      door = made
      setOpening({ door, error: undefined })
    }
    open().catch((error) => !ended && setOpening({ door: undefined, error }))
    return () => {
      ended = true
      door?.close()
      setOpening({ door: undefined, error: undefined })
    }
  }, [organizerId, eventId, attempt])
  return opening
}

export const useDoorState = (door: Door): DoorState => useSyncExternalStore(door.subscribe, door.snapshot)
