// What alerts did in a range: a lane for each alert, and every change in a list.

import { alertHistory } from '../api/alerting'
import { seriesName } from '../charts/align'
import { DataTable } from '../charts/DataTable'
import { Empty, Failure } from '../parts/Empty'
import { useLoaded } from '../parts/useLoaded'
import { readableDuration } from '../time/duration'
import { formatMoment } from '../time/format'
import type { Range } from '../time/range'
import { type Lane, lanesOf, type Span } from './firings'

const MOST_LANES = 60

export function History({ range }: { range: Range }) {
  const past = useLoaded(signal => alertHistory(range, signal), [range.start, range.end])
  if (past.error) return <Failure message={past.error.message} />
  if (past.value === null) return <Empty title="This version of the server keeps no history of alerts" />
  if (!past.value) return null
  const lanes = lanesOf(past.value, range)
  if (!lanes.length && !past.value.changes.length) return <Empty title="No alert changed in this range" />
  return (
    <>
      {past.value.cut_short && <p class="hint">There were more changes than shown: choose a shorter range.</p>}
      <section class="panel firings" aria-label="Firings over time">
        <header class="panel-head">
          <h2>Firings</h2>
          <span class="spacer" />
          <span class="hint">
            {formatMoment(range.start)} – {formatMoment(range.end, range.start)}
          </span>
        </header>
        <ul>
          {lanes.slice(0, MOST_LANES).map((lane, at) => (
            <LaneRow key={lane.key} lane={lane} range={range} heading={lanes[at - 1]?.rule !== lane.rule} />
          ))}
        </ul>
        {lanes.length > MOST_LANES && (
          <p class="hint inset">{lanes.length - MOST_LANES} more alerts below, as changes.</p>
        )}
      </section>
      <section class="panel">
        <header class="panel-head">
          <h2>Changes</h2>
        </header>
        <DataTable
          label="Changes of alerts"
          table={{
            columns: [
              { name: 'time', type: 'text' },
              { name: 'state', type: 'text' },
              { name: 'rule', type: 'text' },
              { name: 'labels', type: 'text' },
              { name: 'value', type: 'number' },
              { name: 'group', type: 'text' },
            ],
            rows: past.value.changes.map(({ at, state, rule, labels: { alertname: _, ...rest }, value, ...place }) => [
              formatMoment(Date.parse(at)),
              state,
              rule,
              seriesName(rest),
              Number(value),
              `${place.file} / ${place.group}`,
            ]),
          }}
        />
      </section>
    </>
  )
}

function LaneRow({ lane, range, heading }: { lane: Lane; range: Range; heading: boolean }) {
  const share = (moment: number) => ((moment - range.start) / (range.end - range.start)) * 100
  return (
    <>
      {heading && <li class="lane-rule">{lane.rule}</li>}
      <li class="firing-lane">
        <span class="lane-name" title={`${lane.place} ${lane.name}`}>
          {lane.name}
        </span>
        <span class="lane" role="img" aria-label={describe(lane)}>
          {lane.spans.map(span => (
            <i
              key={`${span.start}${span.state}`}
              class={span.state}
              title={describeSpan(span)}
              style={{ left: `${share(span.start)}%`, width: `${share(span.end) - share(span.start)}%` }}
            />
          ))}
        </span>
        <span class="hint">{lane.fired ? readableDuration(lane.fired) : 'not fired'}</span>
      </li>
    </>
  )
}

function describe({ rule, name, spans }: Lane): string {
  return `${rule} ${name}: ${spans.map(describeSpan).join('; ')}`
}

function describeSpan({ state, start, end, before, after, value }: Span): string {
  const from = before ? 'before the range' : formatMoment(start)
  return `${state} from ${from} ${after ? 'on' : `to ${formatMoment(end, start)}`}, value ${Number(value)}`
}
