import type { components } from './schema'

type Schemas = components['schemas']

/** `amount` in the currency's minor unit. */
export type Money = { amount: number; currency: string }
export type EventCard = Schemas['EventCardView']
export type EventPage = Schemas['EventPage']
export type TicketType = Schemas['TicketTypeView']
export type Hold = Schemas['HoldView']
export type NewHold = Schemas['NewHold']
export type Order = Schemas['OrderView']
export type Ticket = Schemas['TicketView']
export type User = Schemas['UserView']
export type SeatMap = Schemas['SeatMap']
export type Availability = Schemas['AvailabilityView']
export type EventType = Schemas['EventType']
export type ErrorCode = Schemas['ErrorCode']
export type ErrorBody = Schemas['ErrorBody']
