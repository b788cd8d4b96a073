// Series as columns over one axis of time, as the chart takes them.

import type { Series } from '../api/loki'
import type { Labels } from '../logs/entry'

export type Column = (number | null)[]

export interface Aligned {
  times: number[]
  columns: Column[]
}

export function align(series: readonly Series[]): Aligned {
  const times = [...new Set(series.flatMap(each => each.times))].sort((a, b) => a - b)
  const index = new Map(times.map((time, at) => [time, at]))
  const columns = series.map(each => {
    const column: Column = new Array(times.length).fill(null)
    each.times.forEach((time, at) => {
      column[index.get(time)!] = each.values[at] ?? null
    })
    return column
  })
  return { times, columns }
}

/** The sum of several columns, with gaps where none has a value. */
export function summed(columns: readonly Column[]): Column {
  const [first = [], ...rest] = columns
  return rest.reduce(
    (sum, column) =>
      sum.map((value, at) => (value === null && column[at] === null ? null : (value ?? 0) + (column[at] ?? 0))),
    first,
  )
}

/** Each column on top of those before it. */
export function stacked(columns: readonly Column[]): Column[] {
  const below = new Array<number>(columns[0]?.length ?? 0).fill(0)
  return columns.map(column =>
    column.map((value, at) => {
      below[at] = below[at]! + (value ?? 0)
      return below[at]!
    }),
  )
}

export function seriesName(labels: Labels): string {
  const entries = Object.entries(labels).filter(([name]) => name !== '__name__')
  const name = labels.__name__ ?? ''
  if (!entries.length) return name || '{}'
  if (entries.length === 1 && !name) return entries[0]![1] || '(none)'
  return `${name}{${entries.map(([label, value]) => `${label}="${value}"`).join(', ')}}`
}
