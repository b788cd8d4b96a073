import type { Cell, Table } from '../api/loki'

export interface Order {
  column: number
  descending: boolean
}

/** Rows in the order of a column: numbers before texts, what is missing last. */
export function sortedRows(table: Table, order: Order | null): Cell[][] {
  if (!order) return table.rows
  const sign = order.descending ? -1 : 1
  return table.rows.toSorted((a, b) => compare(a[order.column] ?? null, b[order.column] ?? null, sign))
}

function compare(a: Cell, b: Cell, sign: number): number {
  if (a === null || a === '') return b === null || b === '' ? 0 : 1
  if (b === null || b === '') return -1
  const [x, y] = [numberOf(a), numberOf(b)]
  if (x !== null && y !== null) return (x - y) * sign
  if (x !== null) return -1
  if (y !== null) return 1
  return String(a).localeCompare(String(b)) * sign
}

function numberOf(cell: Cell): number | null {
  if (typeof cell === 'number') return cell
  if (typeof cell !== 'string' || cell.trim() === '') return null
  const value = Number(cell)
  return Number.isNaN(value) ? null : value
}
