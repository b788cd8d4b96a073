// Series with the names and colours that a chart and its legend show, over one axis of time.

import type { Series } from '../api/loki'
import { align, type Column, seriesName } from './align'
import { coloursOf } from './palette'

export interface Named {
  times: number[]
  items: { name: string; colour: string; values: Column }[]
}

export function named(series: readonly Series[]): Named {
  const { times, columns } = align(series)
  const colours = coloursOf(series)
  const items = series.map((each, at) => ({
    name: seriesName(each.labels),
    colour: colours[at]!,
    values: columns[at]!,
  }))
  return { times, items }
}
