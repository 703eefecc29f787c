import { between, type Camera } from './camera'

/** A movement of the camera in time: where it is at `now`, until it is over. */
export interface Motion {
  at(now: number): Camera
  isOver(now: number): boolean
}

const GLIDE_MS = 340

/** From one camera to another, fast at first. */
export function glide(from: Camera, to: Camera, start: number): Motion {
  const share = (now: number) => Math.min(1, Math.max(0, (now - start) / GLIDE_MS))
  return {
    at: (now) => (share(now) === 1 ? to : between(from, to, 1 - (1 - share(now)) ** 3)),
    isOver: (now) => share(now) === 1,
  }
}

/** Time in which a throw loses all but a third of its speed. */
const SLOWING_MS = 260
/** Slower than this it stands still; pixels a millisecond. */
const STILL = 0.02

/** A map that was let go of while it moved; speeds in pixels of the screen a millisecond. */
export function coast(from: Camera, speedX: number, speedY: number, start: number): Motion {
  const speed = Math.hypot(speedX, speedY)
  const ends = speed > STILL ? SLOWING_MS * Math.log(speed / STILL) : 0
  return {
    at: (now) => {
      const way = SLOWING_MS * (1 - Math.exp(-Math.min(Math.max(0, now - start), ends) / SLOWING_MS))
      return { ...from, x: from.x - (speedX * way) / from.scale, y: from.y - (speedY * way) / from.scale }
    },
    isOver: (now) => now - start >= ends,
  }
}
