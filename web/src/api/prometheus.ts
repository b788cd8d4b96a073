// Rules and alerts in Prometheus' form, as Loki's ruler gives them.

import type { Labels } from '../logs/entry'
import { askIfThere } from './http'

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
