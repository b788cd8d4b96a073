// Moments as text, in the chosen time zone.

import { zone, zoneOffset } from './zone'

export function formatDate(moment: number): string {
  return iso(moment).slice(0, -14)
}

export function formatTime(moment: number, milliseconds = false): string {
  return iso(moment).slice(-13, milliseconds ? -1 : -5)
}

/** `2026-01-15T12:00:00.000Z`, though it may be another zone's. */
function iso(moment: number): string {
  const date = new Date(moment + zoneOffset(moment))
  return Number.isNaN(date.getTime()) ? '????-??-??T??:??:??.???Z' : date.toISOString()
}

/** `2026-01-15 12:00:00`; without the date when it is that of `beside`. */
export function formatMoment(moment: number, beside?: number): string {
  if (beside !== undefined && formatDate(beside) === formatDate(moment)) return formatTime(moment)
  return `${formatDate(moment)} ${formatTime(moment)}`
}

export type Dated = '' | 'day' | 'year'

/** How much of their dates moments need, so that nobody takes them for today's. */
export function datesNeeded(moments: readonly number[], now = Date.now()): Dated {
  const [today, ...dates] = [now, ...moments].map(formatDate)
  if (dates.every(date => date === today)) return ''
  return dates.every(date => date.slice(0, 4) === today!.slice(0, 4)) ? 'day' : 'year'
}

/** The time of a line with its ms, after as much of the date as is needed. */
export function formatRow(moment: number, dated: Dated): string {
  const date = dated && `${formatDate(moment).slice(dated === 'day' ? 5 : 0)} `
  return date + formatTime(moment, true)
}

/** A timestamp in ns, to the last digit that says something. */
export function formatNanoseconds(timestamp: string): string {
  const moment = Number(timestamp.slice(0, -6))
  const rest = timestamp.slice(-6).replace(/0+$/, '')
  return `${formatDate(moment)} ${formatTime(moment, true)}${rest}${zone.value === 'utc' ? ' UTC' : ''}`
}

export function ago(moment: number, now = Date.now()): string {
  const seconds = Math.round((now - moment) / 1000)
  if (seconds < 60) return `${Math.max(0, seconds)} s ago`
  if (seconds < 3600) return `${Math.round(seconds / 60)} min ago`
  if (seconds < 86_400) return `${Math.round(seconds / 3600)} h ago`
  return `${Math.round(seconds / 86_400)} d ago`
}
