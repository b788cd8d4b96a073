// Prometheus' API: rules and alerts, as Loki's ruler gives them too, and the series that rules record.

import type { Labels } from '../logs/entry'
import type { Range } from '../time/range'
import { askIfThere, askJson } from './http'
import { dataOf, type QueryData, type RawAnswer } from './loki'

export interface Alert {
  labels: Labels
  annotations: Labels
  state: 'firing' | 'pending' | 'inactive'
  activeAt?: string
  value?: string
}

export interface Rule {
  name: string
  query: string
  type: 'alerting' | 'recording'
  /** of rules in PromQL, over what other rules recorded; the others ask for lines in LogQL */
  over?: 'series'
  state?: 'firing' | 'pending' | 'inactive'
  /** seconds */
  duration?: number
  labels?: Labels
  annotations?: Labels
  alerts?: Alert[]
  health?: string
  lastError?: string
  lastEvaluation?: string
  evaluationTime?: number
}

export interface RuleGroup {
  name: string
  file: string
  interval?: number
  rules: Rule[]
}

export interface RuleStates {
  groups: RuleGroup[]
  /** what is wrong with files of rules, each with its file and line */
  problems: string[]
}

export interface RecordedQuery {
  query: string
  range: Range
  /** ms */
  step: number
  instant?: boolean
  signal?: AbortSignal
}

/** The states of all rules; null where the server evaluates none. */
export async function ruleStates(signal?: AbortSignal): Promise<RuleStates | null> {
  type Answer = { data: { groups: RuleGroup[] }; warnings?: string[] }
  const found = await askIfThere<Answer>('prometheus/api/v1/rules', { signal })
  return found && { groups: found.data.groups, problems: found.warnings ?? [] }
}

/** The answer to PromQL: over a range in steps of `step` ms, or at its end. */
export async function queryRecorded(asked: RecordedQuery): Promise<QueryData> {
  const { query, range, step, instant, signal } = asked
  const [start, end] = [range.start / 1000, range.end / 1000]
  const parameters = instant ? { query, time: end } : { query, start, end, step: step / 1000 }
  const path = `prometheus/api/v1/${instant ? 'query' : 'query_range'}`
  return dataOf(await askJson<RawAnswer>(path, { parameters, signal }), 'forward', step)
}
