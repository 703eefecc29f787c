import { Outline } from './Outline'

/** Outlines on a grid of 24. Decorative: the control around one has the name. */
const SHAPES = {
  close: 'M6 6l12 12M18 6L6 18',
  search: 'M10.5 4a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13zM15.5 15.5L20 20',
  ticket: 'M4 8.5V6h16v2.5a3.5 3.5 0 0 0 0 7V18H4v-2.5a3.5 3.5 0 0 0 0-7zM14 6v12',
  person: 'M12 4a4 4 0 1 1 0 8 4 4 0 0 1 0-8zM4.5 20c1-4 4-5.5 7.5-5.5s6.500 1.500 7.500 5.500',
  place:
    'M12 21s7-6.300 7-11.500A7 7 0 0 0 5 9.500C5 14.700 12 21 12 21zM12 7a2.500 2.500 0 1 1 0 5 2.500 2.500 0 0 1 0-5z',
  clock: 'M12 3.500a8.500 8.500 0 1 1 0 17 8.500 8.500 0 0 1 0-17zM12 7.500V12l3 2',
  calendar: 'M4.500 6h15v14h-15zM4.500 10.500h15M8.500 3.500V8M15.500 3.500V8',
  chevron: 'M6 9l6 6 6-6',
  next: 'M9 6l6 6-6 6',
  back: 'M15 6l-6 6 6 6',
  check: 'M5 12.500l4.500 4.500L19 7.500',
  alert: 'M12 4L2.500 20h19zM12 10v4.500M12 17.200v.300',
  sun: 'M12 8a4 4 0 1 1 0 8 4 4 0 0 1 0-8zM12 2.500v2M12 19.500v2M2.500 12h2M19.500 12h2M5.300 5.300l1.400 1.400M17.300 17.300l1.400 1.400M5.300 18.700l1.400-1.400M17.300 6.700l1.400-1.400',
  moon: 'M20 14.500A8.500 8.500 0 0 1 9.500 4a8.500 8.500 0 1 0 10.500 10.500z',
  wheelchair: 'M10 4.500a1.500 1.500 0 1 0 .01 0M10 8v6h5l3 5.500M10 10.500h4.500M8 11.500a5 5 0 1 0 6.500 6',
  offline:
    'M3 3l18 18M8.500 16a5 5 0 0 1 7 0M5 12.300a10 10 0 0 1 4.500-2.500M19 12.300a10 10 0 0 0-5.500-2.900M12 19.500v.010',
  key: 'M8 9.500a4 4 0 1 1 0 8 4 4 0 0 1 0-8zM11 11L20 4M16.500 7l2.500 3',
  device: 'M7 3h10v18H7zM11 18h2',
  send: 'M4 12l16-8-6 16-3-6.500z',
  refund: 'M4 10h11a5 5 0 0 1 0 10H9M8 5.500L3.500 10 8 14.500',
  print: 'M7 9V3.500h10V9M7 17H4V9h16v8h-3M7 14h10v6.500H7z',
  wallet: 'M3.500 7.500h15v12h-15zM3.500 7.500L15 4v3.500M14.500 11.500h6v4h-6z',
  menu: 'M4 7h16M4 12h16M4 17h16',
} as const

export type IconName = keyof typeof SHAPES

export function Icon({ name, size = 20 }: { name: IconName; size?: number }) {
  return <Outline path={SHAPES[name]} size={size} />
}
