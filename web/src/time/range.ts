// The time that a view looks at: relative (`now-1h` to `now`) or absolute (ms since 1970), as texts in the address.

import { beginningOf, type CalendarUnit } from './calendar'
import { DAY, formatDuration, HOUR, MINUTE, parseDuration, SECOND } from './duration'
import { formatMoment } from './format'
import { zone, zoneOffset } from './zone'

export interface RangeText {
  from: string
  to: string
}

/** Moments in ms since 1970. */
export interface Range {
  start: number
  end: number
}

export const DEFAULT_RANGE: RangeText = { from: 'now-1h', to: 'now' }

export const QUICK_RANGES: readonly (readonly [string, RangeText])[] = [
  ['Last 5 minutes', { from: 'now-5m', to: 'now' }],
  ['Last 15 minutes', { from: 'now-15m', to: 'now' }],
  ['Last 30 minutes', { from: 'now-30m', to: 'now' }],
  ['Last hour', { from: 'now-1h', to: 'now' }],
  ['Last 3 hours', { from: 'now-3h', to: 'now' }],
  ['Last 6 hours', { from: 'now-6h', to: 'now' }],
  ['Last 12 hours', { from: 'now-12h', to: 'now' }],
  ['Last 24 hours', { from: 'now-24h', to: 'now' }],
  ['Last 2 days', { from: 'now-2d', to: 'now' }],
  ['Last 7 days', { from: 'now-7d', to: 'now' }],
  ['Last 30 days', { from: 'now-30d', to: 'now' }],
  ['Last 90 days', { from: 'now-90d', to: 'now' }],
  ['Today', { from: 'now/d', to: 'now' }],
  ['Yesterday', { from: 'now-1d/d', to: 'now-1d/d' }],
]

const CLOCK_UNITS: Record<string, number> = { s: SECOND, m: MINUTE, h: HOUR }

const DATE_ALONE = /^\d{4}-\d\d-\d\d$/

/** Which end of a range a moment is: a day, as `now/d` or a date alone, begins it as its start, and is in it as its end. */
export type Side = 'start' | 'end'

/** A moment in any spelling that the picker and links take; null when it is none. */
export function parseMoment(text: string, now: number, side: Side = 'start'): number | null {
  const trimmed = text.trim()
  const relative = /^now(?:-(.+?))?(?:\/([smhdwMy]))?$/.exec(trimmed)
  if (relative) return relativeMoment(now, relative[1], relative[2], side)
  // Clocks of others may be ahead.
  const ahead = /^now\+(.+)$/.exec(trimmed)
  if (ahead) {
    const by = parseDuration(ahead[1]!)
    return by === null ? null : now + by
  }
  if (/^\d{19}$/.test(trimmed)) return Number(trimmed.slice(0, 13))
  if (/^\d{13}$/.test(trimmed)) return Number(trimmed)
  if (/^\d{10}$/.test(trimmed)) return Number(trimmed) * SECOND
  // Browsers take any text with a number in it for a date of the year 2001.
  if (!/(?<!\d)\d{4}(?!\d)/.test(trimmed)) return null
  const parsed = Date.parse(withZone(trimmed))
  if (Number.isNaN(parsed)) return null
  return side === 'end' && DATE_ALONE.test(trimmed) ? beginningOf('d', parsed, 1) : parsed
}

function relativeMoment(now: number, back = '', unit = '', side: Side): number | null {
  const by = back ? parseDuration(back) : 0
  if (by === null) return null
  if (!unit) return now - by
  const later = side === 'end' ? 1 : 0
  const size = CLOCK_UNITS[unit]
  if (size) {
    const offset = zoneOffset(now - by)
    return (Math.floor((now - by + offset) / size) + later) * size - offset
  }
  const whole = unit as CalendarUnit
  // As many of them as are gone back, where that is said: yesterday may have been 23 hours long.
  const [, count, counted] = /^(\d+)([dwMy])$/.exec(back) ?? []
  return counted === unit ? beginningOf(whole, now, later - Number(count)) : beginningOf(whole, now - by, later)
}

/** A date alone is the midnight that it begins with, and what names no zone is of the chosen one. */
function withZone(text: string): string {
  const written = /^(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d.*))?$/.exec(text)
  if (!written) return text
  const [, date, time = '00:00'] = written
  const named = /(?:Z|[+-]\d\d:?\d\d)$/.test(time)
  return `${date}T${time}${named || zone.value === 'local' ? '' : 'Z'}`
}

export function resolveRange(range: RangeText, now = Date.now()): Range {
  const end = parseMoment(range.to, now, 'end') ?? now
  const start = parseMoment(range.from, now) ?? end - HOUR
  return start < end ? { start, end } : { start: end - SECOND, end }
}

export function isRelative(range: RangeText): boolean {
  return range.to.startsWith('now') || range.from.startsWith('now')
}

export function absolute({ start, end }: Range): RangeText {
  return { from: String(Math.floor(start)), to: String(Math.ceil(end)) }
}

export function describeRange(range: RangeText): string {
  const quick = QUICK_RANGES.find(([, each]) => each.from === range.from && each.to === range.to)
  if (quick) return quick[0]
  const isKnown = [range.from, range.to].every(text => parseMoment(text, Date.now()) !== null)
  if (isKnown && isRelative(range)) return `${described(range.from)} to ${described(range.to, 'end')}`
  // Of what can't be read it says what is looked at instead.
  const { start, end } = resolveRange(range)
  return `${formatMoment(start)} – ${formatMoment(end, start)}`
}

function described(moment: string, side: Side = 'start'): string {
  return moment.startsWith('now') ? moment : formatMoment(parseMoment(moment, Date.now(), side)!)
}

/** The range moved by half its length, back (-1) or forward (1). */
export function shifted(range: RangeText, direction: 1 | -1): RangeText {
  const { start, end } = resolveRange(range)
  const by = ((end - start) / 2) * direction
  return absolute({ start: start + by, end: end + by })
}

export function zoomedOut(range: RangeText): RangeText {
  const { start, end } = resolveRange(range)
  const half = (end - start) / 2
  return absolute({ start: start - half, end: Math.min(Date.now(), end + half) })
}

const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400].map(
  seconds => seconds * SECOND,
)

/** A round step, in ms, that cuts the range into at most so many pieces. */
export function stepFor({ start, end }: Range, pieces: number): number {
  const least = (end - start) / pieces
  return STEPS.find(step => step >= least) ?? Math.ceil(least / DAY) * DAY
}

/** What LogQL takes in brackets. */
export function rangeInterval(range: Range, pieces: number): string {
  return formatDuration(stepFor(range, pieces))
}
