const row = (label, y) => ({
  label,
  seats: [1, 2, 3, 4].map((seat) => ({ label: String(seat), level: 'stalls', x: 20 + seat * 10, y })),
})

/** A room of two rows and a floor to stand on. */
export const seatMap = {
  name: 'Two rows and a floor',
  width: 100,
  height: 100,
  focalPoint: { x: 45, y: 5 },
  levels: [
    { key: 'stalls', name: 'Stalls' },
    { key: 'floor', name: 'Floor' },
  ],
  sections: [{ id: 'S', name: 'Stalls', rows: [row('1', 30), row('2', 40)] }],
  areas: [
    {
      id: 'F',
      name: 'Floor',
      capacity: 50,
      level: 'floor',
      shape: { type: 'rectangle', x: 20, y: 60, width: 60, height: 30 },
    },
  ],
}
