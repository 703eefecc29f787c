import { Outline } from '../../ui/Outline'

/** Outlines on a grid of 24, as the shared icons; what only the door needs. */
const SHAPES = {
  torch: 'M8 3h8v4l-2 3v11h-4V10L8 7zM8 7h8M12 13v2',
  camera: 'M4 7.500h3.500L9 5h6l1.500 2.500H20V19H4zM12 9.500a3.500 3.500 0 1 1 0 7 3.500 3.500 0 0 1 0-7z',
  keyboard: 'M3 6.500h18v11H3zM7 10.500h.010M12 10.500h.010M17 10.500h.010M8 14h8',
  figures: 'M5 20V12M12 20V5M19 20v-5M3 20h18',
  tune: 'M4 7h9M17 7h3M4 17h3M11 17h9M15 5v4M9 15v4',
  online:
    'M8.500 16a5 5 0 0 1 7 0M5.300 12.500a9.500 9.500 0 0 1 13.400 0M2.500 9a13.500 13.500 0 0 1 19 0M12 19.500v.010',
  sound: 'M4 9.500h3.500L12 6v12l-4.500-3.500H4zM15.500 9a4 4 0 0 1 0 6M18 6.500a8 8 0 0 1 0 11',
  install: 'M12 4v11M7.500 11l4.500 4.500L16.500 11M5 20h14',
} as const

export type GlyphName = keyof typeof SHAPES

export function Glyph({ name, size = 22 }: { name: GlyphName; size?: number }) {
  return <Outline path={SHAPES[name]} size={size} />
}
