/** A door left ajar, and the light that falls out of it. */
export function Brand({ size = 30 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <path d="M8 3h16v21H8z" fill="#2b2547" />
      <path d="M14 3h10v21H14z" fill="#ffb330" />
      <path d="M14 24h10l7 6H5z" fill="#ffb330" fillOpacity=".45" />
      <path d="M8 3l6 3.500v21L8 24z" fill="#f4f1fb" />
      <circle cx="12.100" cy="16" r="1" fill="#0d0b16" />
    </svg>
  )
}
