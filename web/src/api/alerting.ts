// What alerts did, and Alertmanager as this server lets people ask it.

import type { Labels } from '../logs/entry'
import type { Range } from '../time/range'
import { ask, askIfThere, askJson } from './http'
import { spanOf } from './loki'

export type ChangedTo = 'pending' | 'firing' | 'resolved' | 'inactive' | 'unknown'

export interface Change {
  file: string
  group: string
  rule: string
  labels: Labels
  state: ChangedTo
  /** RFC 3339 */
  at: string
  value: string
}

export interface Past {
  /** newest first */
  changes: Change[]
  /** what was pending or fired when the range began */
  at_start: Change[]
  cut_short: boolean
}

const MOST = 5000

export async function alertHistory(range: Range, signal?: AbortSignal): Promise<Past | null> {
  const found = await askIfThere<{ data: Past }>('sigyn/api/v1/alerts/history', {
    parameters: { ...spanOf(range), limit: MOST },
    signal,
  })
  return found?.data ?? null
}

export interface Matcher {
  name: string
  value: string
  isRegex: boolean
  isEqual: boolean
}

export interface Silence {
  id: string
  status: { state: 'active' | 'pending' | 'expired' }
  matchers: Matcher[]
  startsAt: string
  endsAt: string
  createdBy: string
  comment: string
}

export interface NewSilence {
  matchers: Matcher[]
  startsAt: string
  endsAt: string
  comment: string
}

const ALERTMANAGER = 'sigyn/api/v1/alertmanager'

/** Names of the Alertmanagers that the ruler tells; none where it tells nobody. */
export async function alertmanagers(signal?: AbortSignal): Promise<string[]> {
  const found = await askIfThere<{ data: { alertmanagers: string[] } }>(ALERTMANAGER, { signal })
  return found?.data.alertmanagers ?? []
}

export async function silences(signal?: AbortSignal): Promise<Silence[]> {
  return (await askJson<{ data: Silence[] }>(`${ALERTMANAGER}/silences`, { signal })).data
}

export async function addSilence(silence: NewSilence): Promise<void> {
  await ask(`${ALERTMANAGER}/silences`, { method: 'POST', body: JSON.stringify(silence) })
}

export async function expireSilence(id: string): Promise<void> {
  await ask(`${ALERTMANAGER}/silence/${encodeURIComponent(id)}`, { method: 'DELETE' })
}
