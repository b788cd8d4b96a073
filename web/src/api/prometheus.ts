// Prometheus' API: rules and alerts, as Loki's ruler gives them too, and the series that rules record.

import type { Labels } from '../logs/entry'
import type { Range } from '../time/range'
import { askIfThere, askJson } from './http'
import { type Matrix, type Series, seriesOf } from './loki'

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

/** The states of all rules; null where the server evaluates none. */
export async function ruleStates(signal?: AbortSignal): Promise<RuleStates | null> {
  type Answer = { data: { groups: RuleGroup[] }; warnings?: string[] }
  const found = await askIfThere<Answer>('prometheus/api/v1/rules', { signal })
  return found && { groups: found.data.groups, problems: found.warnings ?? [] }
}

/** The answer to PromQL; `step` in ms. */
export async function queryRecorded(
  query: string,
  { start, end }: Range,
  step: number,
  signal?: AbortSignal,
): Promise<Series[]> {
  const parameters = { query, start: start / 1000, end: end / 1000, step: step / 1000 }
  const found = await askJson<{ data: { result: Matrix } }>('prometheus/api/v1/query_range', { parameters, signal })
  return seriesOf(found.data.result, step)
}
