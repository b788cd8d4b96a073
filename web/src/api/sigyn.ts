// Sigyn's own routes.

import type { Range } from '../time/range'
import { ask, askIfThere, askJson } from './http'
import { spanOf } from './loki'

export interface StagePlan {
  text: string
  runs_in: 'sql' | 'interpreter' | 'rows'
  reason: string
}

export interface ReadPlan {
  purpose: string
  selector: string
  streams: number
  segments_total: number
  segments_read: number
  row_groups_total: number
  row_groups_read: number
  rows: number
  bytes: number
  stages: StagePlan[]
}

export interface Plan {
  query: string
  kind: string
  reads: ReadPlan[]
}

export async function explain(query: string, range: Range, limit: number, signal?: AbortSignal): Promise<Plan> {
  const found = await askJson<{ data: Plan }>('sigyn/api/v1/explain', {
    parameters: { query, limit, ...spanOf(range) },
    signal,
  })
  return found.data
}

export interface DashboardSummary {
  uid: string
  title: string
  description: string
  tags: string[]
  panels: number
  source: 'built-in' | 'saved'
}

const DASHBOARDS = 'sigyn/api/v1/dashboards'

export async function listDashboards(signal?: AbortSignal): Promise<DashboardSummary[]> {
  return (await askJson<{ data: DashboardSummary[] }>(DASHBOARDS, { signal })).data
}

export async function readDashboard<T>(uid: string, signal?: AbortSignal): Promise<T> {
  return (await askJson<{ data: T }>(`${DASHBOARDS}/${encodeURIComponent(uid)}`, { signal })).data
}

export async function importDashboard(text: string): Promise<string> {
  return (await askJson<{ data: { uid: string } }>(DASHBOARDS, { method: 'POST', body: text })).data.uid
}

export async function deleteDashboard(uid: string): Promise<void> {
  await ask(`${DASHBOARDS}/${encodeURIComponent(uid)}`, { method: 'DELETE' })
}

export async function plainText(path: string, signal?: AbortSignal): Promise<string> {
  return (await ask(path, { signal, headers: { Accept: 'text/plain, */*' } })).text()
}

export interface BuildInformation {
  sigynVersion?: string
  version: string
  pythonVersion?: string
}

export function buildInformation(signal?: AbortSignal): Promise<BuildInformation> {
  return askJson('loki/api/v1/status/buildinfo', { signal })
}

/** A JSON answer of a route that not every version has; null where it is missing. */
export async function optional<T>(path: string, signal?: AbortSignal): Promise<T | null> {
  const found = await askIfThere<{ data?: T } & T>(path, { signal })
  return found === null ? null : (found.data ?? found)
}
