// The order of series in tooltips and legends.

export type ChartKind = 'line' | 'area' | 'bars'

/** Rows of a tooltip; a legend of more is too long to be read from end to end. */
export const MOST_ROWS = 12

/** The highest value first, what has none last; bars keep their order, which is that of their parts. */
export function highestFirst<T>(rows: readonly T[], valueIn: (row: T) => number | null, kind: ChartKind): T[] {
  if (kind === 'bars') return [...rows]
  return rows.toSorted((a, b) => (valueIn(b) ?? -Infinity) - (valueIn(a) ?? -Infinity) || 0)
}
