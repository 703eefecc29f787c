import 'uplot/dist/uPlot.min.css'
import { useEffect, useRef } from 'react'
import uPlot from 'uplot'
import { useTheme } from '../../theme/theme'
import styles from './Live.module.css'

type Props = {
  /** Seconds since 1970, and the values there. */
  at: readonly number[]
  values: readonly number[]
  title: string
  /** The same in a sentence, for who does not see it. */
  summary: string
  locale: string
  /** The zone of the clock below. */
  zone: string
  format: (value: number) => string
  look: 'bars' | 'line'
}

const HEIGHT = 190

/** A run of numbers over time, drawn with the app's own colours. */
export function Chart({ at, values, title, summary, locale, zone, format, look }: Props) {
  const host = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot>(undefined)
  const formats = useRef({ format, locale, zone })
  formats.current = { format, locale, zone }
  const theme = useTheme()
  const data = useRef<uPlot.AlignedData>([[], []])
  data.current = [at as number[], values as number[]]

  useEffect(() => {
    const element = host.current
    if (!element) return
    plot.current = new uPlot(optionsOf(element, look, formats), data.current, element)
    const resize = new ResizeObserver(() =>
      plot.current?.setSize({ width: element.clientWidth, height: HEIGHT }),
    )
    resize.observe(element)
    return () => {
      resize.disconnect()
      plot.current?.destroy()
    }
    // Another theme is another set of colours, which a canvas does not inherit.
  }, [look, theme])

  useEffect(() => plot.current?.setData([at as number[], values as number[]]), [at, values])

  return (
    <figure className={styles.chart}>
      <figcaption>{title}</figcaption>
      <div ref={host} role="img" aria-label={summary} className={styles.plot} />
    </figure>
  )
}

type Formats = React.RefObject<{ format: (value: number) => string; locale: string; zone: string }>

function optionsOf(element: HTMLElement, look: Props['look'], formats: Formats): uPlot.Options {
  const style = getComputedStyle(element)
  const colour = (token: string) => style.getPropertyValue(token).trim()
  const font = `12px ${style.fontFamily}`
  const axis = { stroke: colour('--ink-2'), font, ticks: { show: false } }
  const clock = (seconds: number) =>
    new Intl.DateTimeFormat(formats.current.locale, {
      timeZone: formats.current.zone,
      hour: 'numeric',
      minute: '2-digit',
    }).format(seconds * 1000)
  return {
    width: element.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    cursor: { show: false },
    scales: { y: { range: (_, __, max) => [0, Math.max(max, 1) * 1.1] } },
    axes: [
      { ...axis, grid: { show: false }, space: 70, size: 30, values: (_, ticks) => ticks.map(clock) },
      {
        ...axis,
        grid: { stroke: colour('--line'), width: 1 },
        size: 56,
        space: 40,
        values: (_, ticks) =>
          ticks.map((tick) => (Number.isInteger(tick) ? formats.current.format(tick) : '')),
      },
    ],
    series: [
      {},
      look === 'bars'
        ? {
            // Without a line, so that a minute without a sale has no mark.
            width: 0,
            fill: colour('--accent'),
            points: { show: false },
            paths: uPlot.paths.bars?.({ size: [0.7, 18], radius: 0.2 }),
          }
        : {
            stroke: colour('--accent-text'),
            width: 2.5,
            fill: colour('--accent-wash'),
            points: { show: false },
            paths: uPlot.paths.stepped?.({ align: 1 }),
          },
    ],
  }
}
