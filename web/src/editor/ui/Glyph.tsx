import { Outline } from '../../ui/Outline'

/** Outlines on a grid of 24 for the editor's tools. Decorative: the control around one has the name. */
const SHAPES = {
  select: 'M5 3l14 8-6 1.500 4 7-2.500 1.500-4-7L6 18z',
  section: 'M4 7q8-4 16 0M4 12q8-4 16 0M4 17q8-4 16 0',
  area: 'M4 8l7-4 9 5-2 10-11 1z',
  table:
    'M12 8a4 4 0 1 1 0 8 4 4 0 0 1 0-8zM12 2.500v2M12 19.500v2M2.500 12h2M19.500 12h2M5.500 5.500l1 1M17.500 17.500l1 1M5.500 18.500l1-1M17.500 6.500l1-1',
  stage: 'M3 8h18v6H3zM7 14v4M17 14v4',
  brush: 'M20 4l-9 10-2-2zM8.500 13c-3 0-3.500 2.500-3.500 4 0 1-1 2-2 2 2 1.500 8 1 8-3.500z',
  pan: 'M12 3v18M3 12h18M9 6l3-3 3 3M9 18l3 3 3-3M6 9l-3 3 3 3M18 9l3 3-3 3',
  undo: 'M9 6L4 11l5 5M4 11h10a5 5 0 0 1 0 10h-3',
  redo: 'M15 6l5 5-5 5M20 11H10a5 5 0 0 0 0 10h3',
  plus: 'M12 5v14M5 12h14',
  copy: 'M9 9h11v11H9zM5 15H4V4h11v1',
  trash: 'M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13',
  mirror: 'M12 3v18M9 7L3 17h6zM15 7l6 10h-6z',
  turnLeft: 'M5 4v5h5M5.500 9a8 8 0 1 1-1.500 6',
  turnRight: 'M19 4v5h-5M18.500 9a8 8 0 1 0 1.500 6',
} as const

export type GlyphName = keyof typeof SHAPES

export function Glyph({ name, size = 20 }: { name: GlyphName; size?: number }) {
  return <Outline path={SHAPES[name]} size={size} />
}
