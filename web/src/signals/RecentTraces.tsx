// The traces of the newest lines that belong to one, to begin with.

import { useState } from 'preact/hooks'
import { runQuery } from '../api/loki'
import { link } from '../app/router'
import { formatCount } from '../charts/units'
import { levelColour } from '../logs/levels'
import { Choices } from '../parts/Choices'
import { Empty, Failure } from '../parts/Empty'
import { useLoaded } from '../parts/useLoaded'
import { readableDuration } from '../time/duration'
import { formatMoment } from '../time/format'
import type { Range, RangeText } from '../time/range'
import { type TraceSummary, tracesOf } from './traces'

const LINES = 1000
export const WITH_TRACE = '{service_name=~".+"} | trace_id!=""'

const SHOWN = [
  { value: 'all', name: 'All' },
  { value: 'errors', name: 'With errors' },
] as const

export function RecentTraces({ range, text }: { range: Range; text: RangeText }) {
  const [shown, setShown] = useState<'all' | 'errors'>('all')
  const found = useLoaded(
    async signal => {
      const { data } = await runQuery({ query: WITH_TRACE, range, limit: LINES, signal })
      return data.kind === 'entries' ? { traces: tracesOf(data.entries), lines: data.entries.length } : null
    },
    [range.start, range.end],
  )
  if (found.error) return <Failure message={found.error.message} />
  if (!found.value) return null
  const { traces, lines } = found.value
  if (!traces.length)
    return (
      <Empty title="No line of this range belongs to a trace">
        <p>
          Lines belong to one by <code>trace_id</code> in their structured metadata, where OpenTelemetry’s SDKs put it.
        </p>
      </Empty>
    )
  const wanted = traces.filter(({ level }) => shown === 'all' || level === 'error' || level === 'critical')
  return (
    <section class="panel">
      <header class="panel-head">
        <h2>{lines < LINES ? 'Traces' : `Traces of the newest ${formatCount(LINES)} lines`}</h2>
        <span class="spacer" />
        <Choices label="Traces" value={shown} choices={SHOWN} onChoose={setShown} />
      </header>
      <TraceTable traces={wanted} text={text} />
    </section>
  )
}

function TraceTable({ traces, text }: { traces: readonly TraceSummary[]; text: RangeText }) {
  if (!traces.length) return <p class="hint no-data">None of them has an error</p>
  return (
    <div class="table-scroll">
      <table class="data-table">
        <thead>
          <tr>
            <th scope="col">Trace</th>
            <th scope="col">First line</th>
            <th scope="col">Services</th>
            <th scope="col" class="number">
              Lines
            </th>
            <th scope="col" class="number">
              To the last line
            </th>
          </tr>
        </thead>
        <tbody>
          {traces.map(({ id, start, length, lines, services, level }) => (
            <tr key={id}>
              <td>
                <a href={link('traces', { id, ...text })}>
                  <i class="level-dot" style={{ background: `var(${levelColour(level)})` }} title={level} />
                  <code>{id}</code>
                </a>
              </td>
              <td>{formatMoment(start)}</td>
              <td>{services.join(', ')}</td>
              <td class="number">{lines}</td>
              <td class="number">{readableDuration(length)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
