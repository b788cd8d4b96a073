// An answer of series: a graph with a legend that isolates, or a table.

import { useMemo, useState } from 'preact/hooks'
import type { Series } from '../api/loki'
import { DataTable } from '../charts/DataTable'
import { Legend } from '../charts/Legend'
import { named } from '../charts/named'
import { TimeChart } from '../charts/TimeChart'
import type { Unit } from '../charts/units'
import { Choices } from '../parts/Choices'
import { Empty } from '../parts/Empty'
import { absolute } from '../time/range'
import { ExportTable } from './ExportTable'
import { Mistyped } from './Mistyped'
import type { Pane } from './pane'
import { ResultTools } from './ResultTools'
import { tableOfSeries } from './tables'
import { Wider } from './Wider'

const VIEWS = [
  { value: 'graph', name: 'Graph' },
  { value: 'table', name: 'Table' },
] as const

const KINDS = [
  { value: 'line', name: 'Lines' },
  { value: 'area', name: 'Stacked' },
] as const

const UNITS: readonly Unit[] = ['short', 'none', 's', 'ms', 'bytes', 'Bps', 'reqps', 'percentunit', 'percent']

export function SeriesResult({ pane, series }: { pane: Pane; series: Series[] }) {
  const [hidden, setHidden] = useState<Set<string>>(new Set())
  const [kind, setKind] = useState<'line' | 'area'>('line')
  const [unit, setUnit] = useState<Unit>('short')
  const { times, items } = useMemo(() => named(series), [series])
  const table = useMemo(() => tableOfSeries(series), [series])
  const asTable = pane.state.value.view === 'table'
  return (
    <>
      <ResultTools pane={pane} views={VIEWS}>
        {!asTable && <Choices label="Kind of graph" value={kind} choices={KINDS} onChoose={setKind} />}
        <label class="inline-label">
          Unit
          <select class="select" value={unit} onChange={event => setUnit(event.currentTarget.value)}>
            {UNITS.map(each => (
              <option key={each}>{each}</option>
            ))}
          </select>
        </label>
        {asTable && <ExportTable pane={pane} table={table} />}
      </ResultTools>
      {!series.length ? (
        <Empty title="No series in this range">
          <p>No line was counted: choose a longer range, or take something out of the query.</p>
          <Mistyped pane={pane} />
          <Wider pane={pane} />
        </Empty>
      ) : asTable ? (
        <DataTable table={table} label="Series" unit={unit === 'short' ? undefined : unit} />
      ) : (
        <div class="graph">
          <TimeChart
            times={times}
            series={items.filter(each => !hidden.has(each.name))}
            range={pane.asked.value}
            height={360}
            kind={kind}
            stacked={kind === 'area'}
            unit={unit}
            label={`${series.length} series over time`}
            onZoom={range => pane.zoom(absolute(range))}
          />
          <Legend items={items} hidden={hidden} onHide={setHidden} unit={unit} figures={['last', 'mean', 'max']} />
        </div>
      )}
    </>
  )
}
