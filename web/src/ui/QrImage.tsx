import type { QrSymbol } from '../lib/symbol'

/** A symbol for a camera: black on white, whatever the theme. */
export function QrImage({
  symbol: { side, path },
  label,
  className,
}: {
  symbol: QrSymbol
  label: string
  className: string | undefined
}) {
  return (
    <svg
      className={className}
      viewBox={`0 0 ${side} ${side}`}
      role="img"
      aria-label={label}
      shapeRendering="crispEdges"
    >
      <path fill="#fff" d={`M0 0h${side}v${side}H0z`} />
      <path fill="#000" d={path} />
    </svg>
  )
}
