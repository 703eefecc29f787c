/** The geometry of shapes is the fan's map's: what is drawn here looks the same there. */
export type { Box } from '../../seatmap/engine/plan'
export { boxOfShape, cornersOf, edgeDistance, isInside, meets, middleOf } from '../../seatmap/engine/shapes'
