// What a panel's targets answer.

import { type QueryData, runQuery, type Series } from '../api/loki'
import { queryRecorded } from '../api/prometheus'
import { seriesName } from '../charts/align'
import type { Labels } from '../logs/entry'
import { type Range, stepFor } from '../time/range'
import { interpolate, type Scope } from './interpolate'
import type { Panel, Target } from './model'

export interface TargetAnswer {
  target: Target
  data: QueryData
}

const LINES = 500

/** Whether the query is PromQL, of which recorded series answer; without a data source of its own it has the panel's. */
export function asksForSeries(panel: Panel, target: Target): boolean {
  const source = target.datasource ?? panel.datasource
  return typeof source === 'object' && source?.type === 'prometheus'
}

export async function askTargets(
  panel: Panel,
  range: Range,
  scope: Scope,
  signal: AbortSignal,
): Promise<TargetAnswer[]> {
  const targets = (panel.targets ?? []).filter(target => target.expr && !target.hide)
  return Promise.all(
    targets.map(async target => {
      const query = interpolate(target.expr!, scope, range)
      const instant = target.instant || target.queryType === 'instant'
      const step = Math.max(10_000, stepFor(range, panel.maxDataPoints ?? 120))
      if (asksForSeries(panel, target))
        return { target, data: await queryRecorded({ query, range, step, instant, signal }) }
      const answer = await runQuery({
        query,
        range,
        instant,
        limit: target.maxLines ?? panel.options?.maxLines ?? LINES,
        direction: panel.options?.sortOrder === 'Ascending' ? 'forward' : 'backward',
        step: /^\s*\{/.test(query) || instant ? undefined : step,
        purpose: 'dashboard',
        signal,
      })
      return { target, data: answer.data }
    }),
  )
}

export interface NamedSeries extends Series {
  name: string
}

export function seriesOf(answers: readonly TargetAnswer[]): NamedSeries[] {
  return answers.flatMap(({ target, data }): NamedSeries[] => {
    if (data.kind === 'series') return data.series.map(series => ({ ...series, name: legendOf(target, series.labels) }))
    if (data.kind === 'samples') {
      return data.samples.map(({ labels, value }) => ({
        labels,
        times: [0],
        values: [value],
        name: legendOf(target, labels),
      }))
    }
    return []
  })
}

function legendOf({ legendFormat }: Target, labels: Labels): string {
  if (!legendFormat || legendFormat === '__auto') return seriesName(labels)
  return legendFormat.replace(/\{\{\s*(\w+)\s*\}\}/g, (_, name: string) => labels[name] ?? '')
}

/** One number of a series, as `reduceOptions` and legends ask for it. */
export function reduced(values: readonly (number | null)[], calculation = 'lastNotNull'): number | null {
  const known = values.filter(value => value !== null)
  if (!known.length) return null
  switch (calculation) {
    case 'mean':
      return known.reduce((a, b) => a + b, 0) / known.length
    case 'sum':
    case 'total':
      return known.reduce((a, b) => a + b, 0)
    case 'max':
      return known.reduce((a, b) => Math.max(a, b))
    case 'min':
      return known.reduce((a, b) => Math.min(a, b))
    case 'first':
    case 'firstNotNull':
      return known[0]!
    default:
      return known.at(-1)!
  }
}
