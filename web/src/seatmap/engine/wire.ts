import type { components } from '../../api/schema'

/** A venue's geometry as `GET /events/{event}/seat-map` gives it. */
export type SeatMapWire = components['schemas']['SeatMap']
export type RowWire = components['schemas']['Row']
export type ShapeWire = components['schemas']['Shape']
export type AreaWire = components['schemas']['Area']
export type DecorationWire = components['schemas']['Decoration']
export type PointWire = components['schemas']['Point']
