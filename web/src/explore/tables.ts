// Answers of metric queries as tables.

import type { Series, Table, TableColumn } from '../api/loki'
import type { Labels } from '../logs/entry'

export function tableOfSamples(samples: readonly { labels: Labels; value: number }[]): Table {
  const names = [...new Set(samples.flatMap(sample => Object.keys(sample.labels)))].sort()
  const columns: TableColumn[] = [
    ...names.map(name => ({ name, type: 'text' as const })),
    { name: 'value', type: 'number' },
  ]
  return { columns, rows: samples.map(sample => [...names.map(name => sample.labels[name] ?? null), sample.value]) }
}

/** The last value of each series, with its mean and greatest. */
export function tableOfSeries(series: readonly Series[]): Table {
  const names = [...new Set(series.flatMap(each => Object.keys(each.labels)))].sort()
  const text = names.map(name => ({ name, type: 'text' as const }))
  const numbers = ['last', 'mean', 'max'].map(name => ({ name, type: 'number' as const }))
  const rows = series.map(({ labels, values }) => {
    const known = values.filter(value => value !== null)
    const sum = known.reduce((total, value) => total + value, 0)
    const most = known.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY)
    return [
      ...names.map(name => labels[name] ?? null),
      known.at(-1) ?? null,
      known.length ? sum / known.length : null,
      known.length ? most : null,
    ]
  })
  return { columns: [...text, ...numbers], rows }
}
