import type { RowWire, SeatMapWire } from './wire'

/** A row of seats side by side, 50 apart; `|` is an aisle, any other letter a seat. For tests. */
export function row(label: string, y: number, seats: string, x = 0): RowWire {
  const placed: RowWire['seats'] = []
  let at = x
  for (const letter of seats) {
    if (letter === '|') {
      at += 70
      continue
    }
    placed.push({
      label: String(placed.length + 1),
      x: at,
      y,
      level: 'a',
      ...(letter === 'w' && { accessible: true }),
      ...(letter === 'c' && { companion: true }),
      ...(letter === 'r' && { restrictedView: true }),
    })
    at += 50
  }
  return { label, seats: placed }
}

export function seatMap(sections: Record<string, RowWire[]>): SeatMapWire {
  return {
    version: 3,
    width: 4_000,
    height: 4_000,
    focalPoint: { x: 250, y: -500 },
    levels: [
      { key: 'a', name: 'First' },
      { key: 'b', name: 'Second' },
    ],
    sections: Object.entries(sections).map(([id, rows]) => ({ id, name: `Section ${id}`, rows })),
    areas: [],
  }
}
