// An answer of rows: `stats` and other pipes, or a metric query at a moment.

import type { Table } from '../api/loki'
import { DataTable } from '../charts/DataTable'
import { countOf } from '../charts/units'
import { ExportTable } from './ExportTable'
import type { Pane } from './pane'
import { ResultTools } from './ResultTools'

const VIEWS = [{ value: 'table', name: 'Table' }] as const

export function TableResult({ pane, table }: { pane: Pane; table: Table }) {
  return (
    <>
      <ResultTools pane={pane} views={VIEWS}>
        <span class="hint">{countOf(table.rows.length, 'row')}</span>
        <ExportTable pane={pane} table={table} />
      </ResultTools>
      <DataTable table={table} label="Rows" />
    </>
  )
}
