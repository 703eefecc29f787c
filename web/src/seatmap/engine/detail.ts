/**
 * How much is drawn, by how far apart two seats are on the screen, in CSS pixels: sections alone, then their
 * seats, then what names rows, then numbers.
 */
export const SEATS_FROM = 3
/** Seats and filled sections blend from one into the other up to here. */
export const SEATS_FULL = 3.8
/** Sections have their names written over their seats up to here: then the seats are what one looks at. */
export const NAMES_UNTIL = 8
export const ROWS_FROM = 10
export const NUMBERS_FROM = 21
/** Seats nearer to each other than this are hard to tell apart by a finger or a mouse. */
export const TOUCHABLE = 22
export const CLICKABLE = 7

/** How much of the seats is seen over filled sections: 0 to 1. */
export function seatShare(pitch: number): number {
  return Math.min(1, Math.max(0, (pitch - SEATS_FROM) / (SEATS_FULL - SEATS_FROM)))
}
