export { askAvailability, browserWorld, liveUrl } from './browser'
export { type Freshness, LiveConnection, type LiveListener, type LiveWorld } from './connection'
export { AVAILABLE, BLOCKED, type Delta, HELD, type SeatStatus, type Snapshot, SOLD } from './frames'
