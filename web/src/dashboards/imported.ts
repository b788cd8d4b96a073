// The uid of a dashboard that is imported, so that no other is replaced unasked. What can't be read here is for the server to refuse.

import { freeUid, uidOf } from './edit'

type Json = Record<string, unknown>

/** The uid that the server would keep the text by; null where it is no dashboard. */
export function uidIn(text: string): string | null {
  const dashboard = dashboardIn(text)
  if (!dashboard) return null
  const { uid, title } = dashboard
  if (typeof uid === 'string' && uid) return uid
  return typeof title === 'string' ? uidOf(title) : null
}

/** The same dashboard with a uid that none of those that are taken is. */
export function asAnother(text: string, taken: readonly string[]): string {
  return JSON.stringify({ ...dashboardIn(text), uid: freeUid(uidIn(text) ?? '', taken) })
}

/** As it stands, or below `dashboard`, as Grafana's API and old exports wrap it. */
function dashboardIn(text: string): Json | null {
  const value = objectIn(text)
  return value && isObject(value.dashboard) ? value.dashboard : value
}

function objectIn(text: string): Json | null {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : null
  } catch {
    return null
  }
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
