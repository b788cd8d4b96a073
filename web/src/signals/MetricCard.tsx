// A metric out of logs: its course over the last hour, its newest value, and the query behind it.

import { useRef } from 'preact/hooks'
import { runQuery } from '../api/loki'
import { link } from '../app/router'
import { summedOver } from '../charts/align'
import { Sparkline } from '../charts/Sparkline'
import { formatValue, type Unit } from '../charts/units'
import { useLoaded } from '../parts/useLoaded'
import { useSeen } from '../parts/useSeen'
import { resolveRange, stepFor } from '../time/range'

export interface LogMetric {
  name: string
  query: string
  unit: Unit
}

const RANGE = { from: 'now-1h', to: 'now' }
const PIECES = 60

export function MetricCard({ metric: { name, query, unit } }: { metric: LogMetric }) {
  const place = useRef<HTMLAnchorElement>(null)
  const seen = useSeen(place)
  const found = useLoaded(
    async signal => {
      if (!seen) return null
      const range = resolveRange(RANGE)
      const step = stepFor(range, PIECES)
      const { data } = await runQuery({ query, range, step, purpose: 'metrics', signal })
      return data.kind === 'series' ? summedOver(data.series, range, step) : []
    },
    [query, seen],
  )
  const values = found.value ?? []
  const last = values.at(-1) ?? null
  return (
    <a class="card metric-card" href={link('logs', { q: query })} ref={place}>
      <h3>
        {name}
        {last !== null && <span class="metric-value">{formatValue(last, unit)}</span>}
        {last === null && (found.value || found.error) && <span class="hint">none now</span>}
      </h3>
      <Sparkline
        values={values.map(value => value ?? 0)}
        width={240}
        height={36}
        label={`${name} over the last hour`}
      />
      <code>{query}</code>
    </a>
  )
}
