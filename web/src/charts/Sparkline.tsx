// A row of bars without axes.

interface Properties {
  values: readonly number[]
  width?: number
  height?: number
  label: string
}

export function Sparkline({ values, width = 120, height = 22, label }: Properties) {
  const most = Math.max(0, ...values) || 1
  const bar = width / Math.max(1, values.length)
  return (
    <svg
      class="sparkline"
      width={width}
      height={height}
      viewBox={`0 0 ${width} ${height}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      {values.map((value, at) => {
        const size = value ? Math.max(1, (value / most) * height) : 0
        return <rect key={at} x={at * bar} y={height - size} width={Math.max(0.6, bar - 0.8)} height={size} />
      })}
    </svg>
  )
}
