// Changes of alerts as the spans between them: one lane for each alert, its spans in the order of their times.

import type { Change, Past } from '../api/alerting'
import { seriesName } from '../charts/align'
import type { Range } from '../time/range'

export interface Span {
  state: 'pending' | 'firing'
  /** ms since 1970, within the range */
  start: number
  end: number
  /** whether it began before the range, and whether it goes on after it */
  before: boolean
  after: boolean
  value: string
}

export interface Lane {
  key: string
  rule: string
  place: string
  name: string
  spans: Span[]
  /** ms that it fired */
  fired: number
}

/** Lanes by rule, those that fired longest first; `now` ends what goes on. */
export function lanesOf(past: Past, range: Range, now = Date.now()): Lane[] {
  const end = Math.min(range.end, now)
  const byAlert = new Map<string, Change[]>()
  for (const change of [...past.at_start, ...[...past.changes].reverse()]) {
    const key = JSON.stringify([change.file, change.group, change.labels])
    byAlert.set(key, [...(byAlert.get(key) ?? []), change])
  }
  const lanes = [...byAlert].map(([key, changes]) => {
    const { rule, file, group, labels } = changes[0]!
    const { alertname: _, ...rest } = labels
    const spans = spansOf(changes, range.start, end)
    const fired = spans.reduce((sum, span) => sum + (span.state === 'firing' ? span.end - span.start : 0), 0)
    return { key, rule, place: `${file} / ${group}`, name: seriesName(rest), spans, fired }
  })
  return lanes
    .filter(lane => lane.spans.length > 0)
    .sort((a, b) => a.rule.localeCompare(b.rule) || b.fired - a.fired || a.name.localeCompare(b.name))
}

function spansOf(changes: readonly Change[], start: number, end: number): Span[] {
  return changes.flatMap((change, at): Span[] => {
    if (change.state !== 'pending' && change.state !== 'firing') return []
    const next = changes[at + 1]
    const from = Date.parse(change.at)
    const to = next ? Date.parse(next.at) : end
    return [
      {
        state: change.state,
        start: Math.max(from, start),
        end: Math.max(to, start),
        before: from < start,
        after: !next,
        value: change.value,
      },
    ]
  })
}
