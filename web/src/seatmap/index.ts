export { SeatHeatMap } from './ui/SeatHeatMap'
export { SeatMap, type SeatMapProps } from './ui/SeatMap'
