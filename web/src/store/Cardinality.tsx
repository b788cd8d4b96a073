// Which labels make how many streams; a label opens to its values. Labels that the server took out of streams stand below.

import { useState } from 'preact/hooks'
import { askIfThere } from '../api/http'
import { type Cell, spanOf } from '../api/loki'
import { link } from '../app/router'
import { DataTable } from '../charts/DataTable'
import { countOf, formatCount, formatValue } from '../charts/units'
import { quote } from '../logql/quote'
import { type Labels, selectorText } from '../logs/entry'
import { Empty, Failure } from '../parts/Empty'
import { useLoaded } from '../parts/useLoaded'
import type { Range } from '../time/range'
import { Figure } from './Ingestion'

interface Growth {
  total: number
  hour: number
  day: number
}

interface Report {
  streams: Growth
  labels: { name: string; values: Growth; streams: number; top: { value: string; streams: number; bytes: number }[] }[]
  top_streams: { labels: Labels; entries: number; bytes: number }[]
  demoted: { name: string; reason: string; values: number; example: string; promoted: boolean }[]
}

export function Cardinality({ range }: { range: Range }) {
  const [name, setName] = useState('')
  const report = useLoaded(
    async signal => {
      const parameters = { ...spanOf(range), limit: 100 }
      const found = await askIfThere<{ data: Report }>('sigyn/api/v1/cardinality', { parameters, signal })
      return found?.data ?? null
    },
    [range.start, range.end],
  )
  if (report.error) return <Failure message={report.error.message} />
  if (report.value === null) return <Empty title="This version of the server does not report it" />
  if (!report.value) return null
  const { streams, labels, top_streams, demoted } = report.value
  const table = {
    columns: [
      { name: 'label', type: 'text' as const },
      { name: 'values', type: 'number' as const },
      { name: 'new in the last hour', type: 'number' as const },
      { name: 'streams with it', type: 'number' as const },
    ],
    rows: labels.map(label => [label.name, label.values.total, label.values.hour, label.streams] as Cell[]),
  }
  return (
    <>
      <dl class="figures large">
        <Figure name="streams in this range" value={formatCount(streams.total)} />
        <Figure name="new in the last hour" value={formatCount(streams.hour)} />
        <Figure name="labels" value={formatCount(labels.length)} />
        <Figure name="demoted labels" value={formatCount(demoted.filter(label => !label.promoted).length)} />
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
            <h2>{name ? `Values of ${name}` : 'Streams with most text'}</h2>
          </header>
          <ul class="label-values">
            {name
              ? labels
                  .find(label => label.name === name)
                  ?.top.map(each => (
                    <Value
                      key={each.value}
                      text={each.value}
                      query={`{${name}=${quote(each.value)}}`}
                      size={`${countOf(each.streams, 'stream')}`}
                    />
                  ))
              : top_streams
                  .slice(0, 20)
                  .map(each => (
                    <Value
                      key={selectorText(each.labels)}
                      text={selectorText(each.labels)}
                      query={selectorText(each.labels)}
                      size={formatValue(each.bytes, 'bytes')}
                    />
                  ))}
          </ul>
        </section>
      </div>
      {demoted.length > 0 && (
        <section class="panel">
          <header class="panel-head">
            <h2>Demoted labels</h2>
            <span class="hint">too many values for streams; queries by them work as before</span>
          </header>
          <DataTable
            label="Demoted labels"
            table={{
              columns: ['label', 'reason', 'example', 'state'].map(column => ({ name: column, type: 'text' as const })),
              rows: demoted.map(each => [
                each.name,
                each.reason,
                each.example,
                each.promoted ? 'promoted again' : 'demoted',
              ]),
            }}
          />
        </section>
      )}
    </>
  )
}

function Value({ text, query, size }: { text: string; query: string; size: string }) {
  return (
    <li>
      <a href={link('logs', { q: query })}>{text}</a>
      <small>{size}</small>
    </li>
  )
}
