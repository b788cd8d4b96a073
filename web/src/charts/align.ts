// Series as columns over one axis of time, as the chart takes them.

import type { Series } from '../api/loki'
import type { Labels } from '../logs/entry'
import type { Range } from '../time/range'

export type Column = (number | null)[]

export interface Aligned {
  times: number[]
  columns: Column[]
}

/** Columns with a moment for every step between the first value and the last one, so that what is missing is a gap. */
export function align(series: readonly Series[]): Aligned {
  const steps = series.flatMap(each => each.step ?? [])
  const known = [...new Set(series.flatMap(each => each.times))].sort((a, b) => a - b)
  const times = steps.length ? withGaps(known, Math.min(...steps)) : known
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

/** Moments with those of the first and the last missing step of each gap: more of them would say the same. */
function withGaps(times: readonly number[], step: number): number[] {
  return times.flatMap((time, at) => {
    const gap = time - (times[at - 1] ?? time)
    if (gap < 2 * step) return [time]
    return gap < 3 * step ? [time - step, time] : [times[at - 1]! + step, time - step, time]
  })
}

/** Places of values that have a gap on both sides, where a line has no length. */
export function alone(column: Column): number[] {
  return column.flatMap((value, at) =>
    value !== null && (column[at - 1] ?? null) === null && (column[at + 1] ?? null) === null ? [at] : [],
  )
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

/** The sum of all series at every step (ms) of a range, with gaps where none has a value. */
export function summedOver(series: readonly Series[], { start, end }: Range, step: number): Column {
  const column: Column = new Array(Math.floor((end - start) / step) + 1).fill(null)
  for (const { times, values } of series)
    times.forEach((time, at) => {
      const value = values[at] ?? null
      const place = Math.round((time - start) / step)
      if (value !== null && place in column) column[place] = (column[place] ?? 0) + value
    })
  return column
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
