// Answers as files.

import { ask } from '../api/http'
import { spanOf, type Table } from '../api/loki'
import type { Range } from '../time/range'

export function csvOf({ columns, rows }: Table): string {
  const line = (cells: readonly unknown[]) => `${cells.map(csvCell).join(',')}\n`
  return line(columns.map(column => column.name)) + rows.map(line).join('')
}

function csvCell(value: unknown): string {
  const text = value === null || value === undefined ? '' : Array.isArray(value) ? value.join(',') : String(value)
  return /[",\n\r]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text
}

export function jsonOf({ columns, rows }: Table): string {
  return JSON.stringify(
    rows.map(row => Object.fromEntries(columns.map((column, at) => [column.name, row[at]]))),
    null,
    2,
  )
}

/** The answer of a query as the server writes Arrow. */
export async function arrowOf(query: string, range: Range, instant = false): Promise<Blob> {
  const { start, end } = spanOf(range)
  const parameters = instant
    ? { query, time: end, format: 'arrow' }
    : { query, start, end, limit: 5000, format: 'arrow' }
  const answer = await ask(`loki/api/v1/${instant ? 'query' : 'query_range'}`, { parameters })
  return answer.blob()
}

export function saveFile(name: string, content: Blob | string, type = 'text/plain'): void {
  const blob = typeof content === 'string' ? new Blob([content], { type }) : content
  const anchor = document.createElement('a')
  anchor.href = URL.createObjectURL(blob)
  anchor.download = name
  anchor.click()
  setTimeout(() => URL.revokeObjectURL(anchor.href), 10_000)
}
