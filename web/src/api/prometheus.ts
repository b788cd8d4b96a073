// Rules and alerts in Prometheus' form, as Loki's ruler gives them.

import type { Labels } from '../logs/entry'
import { optional } from './sigyn'

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

/** All groups; null where the server evaluates no rules. */
export async function ruleGroups(signal?: AbortSignal): Promise<RuleGroup[] | null> {
  const found = await optional<{ groups: RuleGroup[] }>('prometheus/api/v1/rules', signal)
  return found?.groups ?? null
}
