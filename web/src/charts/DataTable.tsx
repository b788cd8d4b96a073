// A table that sorts by a click on a heading. Long ones show a part, and more on request.

import { useState } from 'preact/hooks'
import type { Cell, Table, TableColumn } from '../api/loki'
import { formatNanoseconds } from '../time/format'
import { type Order, sortedRows } from './sorting'
import { formatCount, formatValue, type Unit } from './units'

interface Properties {
  table: Table
  label: string
  unit?: Unit
  /** sorted like this at first */
  order?: Order
  onCell?: (column: TableColumn, value: Cell) => void
}

const PART = 500

export function DataTable({ table, label, unit, order: first, onCell }: Properties) {
  const [order, setOrder] = useState<Order | null>(first ?? null)
  const [shown, setShown] = useState(PART)
  const rows = sortedRows(table, order)
  const most = table.columns.map((column, at) => (column.type === 'number' ? largest(table.rows, at) : 0))
  const sortBy = (column: number) => {
    const numeric = table.columns[column]!.type === 'number'
    setOrder(
      order?.column !== column
        ? { column, descending: numeric }
        : order.descending === numeric
          ? { column, descending: !numeric }
          : null,
    )
  }
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section class="table-scroll" tabIndex={0} aria-label={label}>
      <table class="data-table">
        <thead>
          <tr>
            {table.columns.map((column, at) => (
              <th
                key={column.name}
                scope="col"
                class={column.type === 'number' ? 'number' : ''}
                aria-sort={order?.column === at ? (order.descending ? 'descending' : 'ascending') : 'none'}
              >
                <button type="button" onClick={() => sortBy(at)}>
                  {column.name}
                  <span class="sort-mark" aria-hidden="true">
                    {order?.column === at ? (order.descending ? '↓' : '↑') : ''}
                  </span>
                </button>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, shown).map((row, index) => (
            <tr key={index}>
              {table.columns.map((column, at) => (
                <TableCell
                  key={column.name}
                  column={column}
                  value={row[at] ?? null}
                  most={most[at]!}
                  unit={unit}
                  onCell={onCell}
                />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length > shown && (
        <button type="button" class="button more" onClick={() => setShown(shown * 4)}>
          {formatCount(rows.length - shown)} more rows
        </button>
      )}
    </section>
  )
}

interface CellProperties {
  column: TableColumn
  value: Cell
  most: number
  unit?: Unit
  onCell?: Properties['onCell']
}

function TableCell({ column, value, most, unit, onCell }: CellProperties) {
  if (column.type === 'number' && typeof value === 'number') {
    const share = most > 0 && value > 0 ? Math.round((value / most) * 100) : 0
    return (
      <td class="number">
        <span class="cell-bar" style={{ width: `${share * 0.6}%` }} aria-hidden="true" />
        <span class="cell-value">{unit ? formatValue(value, unit) : readable(value)}</span>
      </td>
    )
  }
  const text = textOf(column, value)
  return (
    <td class={column.type}>
      {onCell && text ? (
        <button type="button" class="cell-button" title="Filter for this value" onClick={() => onCell(column, value)}>
          {text}
        </button>
      ) : (
        text
      )}
    </td>
  )
}

function readable(value: number): string {
  return Number.isInteger(value) ? formatCount(value) : Number(value.toPrecision(6)).toString()
}

function textOf(column: TableColumn, value: Cell): string {
  if (value === null) return ''
  if (Array.isArray(value)) return value.join(', ')
  if (column.type === 'time' && /^\d{19}$/.test(String(value))) return formatNanoseconds(String(value))
  if (column.type === 'time') return String(value).replace('T', ' ').replace('Z', ' UTC')
  return String(value)
}

function largest(rows: readonly Cell[][], at: number): number {
  let most = 0
  for (const row of rows) if (typeof row[at] === 'number') most = Math.max(most, row[at])
  return most
}
