// Which labels make how many streams; a label opens to its values.

import { useState } from 'preact/hooks'
import { detectedLabels, seriesOf } from '../api/loki'
import { link } from '../app/router'
import { DataTable } from '../charts/DataTable'
import { formatCount } from '../charts/units'
import { quote } from '../logql/quote'
import { Failure } from '../parts/Empty'
import { useLoaded } from '../parts/useLoaded'
import type { Range } from '../time/range'
import { Figure } from './Ingestion'

export function Cardinality({ range }: { range: Range }) {
  const [name, setName] = useState('')
  const series = useLoaded(signal => seriesOf(range, '{}', signal), [range.start, range.end])
  const labels = useLoaded(signal => detectedLabels(range, '', signal), [range.start, range.end])
  if (series.error) return <Failure message={series.error.message} />
  const streams = series.value ?? []
  const table = {
    columns: [
      { name: 'label', type: 'text' as const },
      { name: 'values', type: 'number' as const },
      { name: 'streams with it', type: 'number' as const },
    ],
    rows: (labels.value ?? []).map(({ label, cardinality }) => [
      label,
      cardinality,
      streams.filter(stream => label in stream).length,
    ]),
  }
  const counts = new Map<string, number>()
  for (const stream of streams) if (name in stream) counts.set(stream[name]!, (counts.get(stream[name]!) ?? 0) + 1)
  return (
    <>
      <dl class="figures large">
        <Figure name="streams in this range" value={formatCount(streams.length)} />
        <Figure name="labels" value={formatCount(table.rows.length)} />
      </dl>
      <div class="two-columns">
        <section class="panel">
          <header class="panel-head">
            <h2>Labels</h2>
          </header>
          <DataTable
            table={table}
            label="Labels"
            order={{ column: 1, descending: true }}
            onCell={(column, value) => {
              if (column.name === 'label') setName(String(value))
            }}
          />
        </section>
        <section class="panel">
          <header class="panel-head">
            <h2>{name ? `Values of ${name}` : 'Values'}</h2>
          </header>
          {name ? (
            <ul class="label-values">
              {[...counts]
                .sort((a, b) => b[1] - a[1])
                .slice(0, 200)
                .map(([value, count]) => (
                  <li key={value}>
                    <a href={link('logs', { q: `{${name}=${quote(value)}}` })}>{value}</a>
                    <small>
                      {formatCount(count)} stream{count === 1 ? '' : 's'}
                    </small>
                  </li>
                ))}
            </ul>
          ) : (
            <p class="hint inset">Choose a label to see its values.</p>
          )}
        </section>
      </div>
    </>
  )
}
