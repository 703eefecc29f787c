import type { components } from '../../api/schema'

type Schemas = components['schemas']

export type PublicKey = Schemas['PublicKey']
export type SecretKey = Schemas['SecretKey']
/** Made of a secret key of the event; see `PublicKey` for what signs. */
export type LiveKey = { kid: string; key: CryptoKey }
export type Answer = Schemas['CheckInView']
export type OwnEvent = Schemas['OwnEventView']
export type Organizer = Schemas['OrganizerView']
export type Attendance = Schemas['AttendanceView']
/** A ticket as the list for scanners has it. */
export type Listed = Schemas['DoorTicketView']

/**
 * What staff are told. `forged` is the server's `unknown` with the shape of a ticket of ours; with `fault` the
 * device could not look the ticket up or keep the scan, and nothing is known of it.
 */
export type Verdict =
  | 'admitted'
  | 'already_used'
  | 'revoked'
  | 'wrong_event'
  | 'not_live'
  | 'not_yet_valid'
  | 'expired'
  | 'unknown'
  | 'forged'
  | 'fault'

export type Sighting = { at: string; gate: string }

export type Place = Pick<Listed, 'section' | 'row' | 'label' | 'level' | 'ticketType'>

/** A door's event with all that is needed to work there without a network. */
export type Pack = {
  organizerId: string
  organizerName: string
  eventId: string
  eventName: string
  startsAt: string
  doorsAt: string | null
  endsAt: string | null
  venueName: string
  timeZone: string
  keys: PublicKey[]
  liveKeys: LiveKey[]
  /** `live`: no barcode that stays the same gets in. */
  barcodes: Schemas['Barcodes']
  /** Names of the organizer's other events, to tell a guest where a ticket belongs. */
  otherEvents: Record<string, string>
  /** When the server was last asked for all this. */
  preparedAt: string
}

/** How a scan and the server's word on it differ, for somebody to act on. */
export type Conflict =
  /** Let in here without a network, but the server would not have. */
  | { kind: 'refused_later'; result: string; other: Sighting | null }
  /** Let in here, and later at another gate, too: this scan was the earlier one. */
  | { kind: 'also_admitted'; other: Sighting }
  /** The server did not take the scan at all. */
  | { kind: 'not_taken'; code: string }

/** One scan as this device keeps it. */
export type Scan = {
  /** Counts up on this device: the order in which scans are sent. */
  seq?: number
  scanId: string
  organizerId: string
  eventId: string
  gate: string
  /** By the server's clock, as well as this device knows it. */
  scannedAt: string
  /** Dropped once the server has it: whoever holds the text of a barcode gets in. */
  barcode: string | null
  ticketId: string | null
  /** Which of the ticket's barcodes it was. */
  generation: number | null
  verdict: Verdict
  /** Whether the server said so, or this device alone. */
  by: 'server' | 'device'
  /** `local`: nothing that the server would learn from. */
  state: 'queued' | 'sent' | 'local'
  place: Place | null
  /** The admission that was there before, with `already_used`. */
  earlier: Sighting | null
  /** When the live barcode was made, by the clock of who showed it; nothing of one that stays the same. */
  shownAt: string | null
  /** The event a ticket of another event is for. */
  ticketEventId: string | null
  conflict: Conflict | null
  settled: boolean
}
