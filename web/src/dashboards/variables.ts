// Variables of a dashboard: what they may be, what is chosen, and where they stand in queries, titles and links.

import { labelValues } from '../api/loki'
import { formatDuration } from '../time/duration'
import { type Range, stepFor } from '../time/range'
import type { Variable } from './model'

export const ALL = '$__all'

export interface Choice {
  variable: Variable
  values: string[]
  chosen: string[]
}

/** Variables that a person chooses; data sources and constants are none. */
export function isChosen(variable: Variable): boolean {
  return variable.hide !== 2 && !['datasource', 'constant', 'adhoc'].includes(variable.type)
}

export function initialValue(variable: Variable, parameters: URLSearchParams): string[] {
  const given = parameters.getAll(`var-${variable.name}`)
  if (given.length) return given.map(value => (value === 'All' ? ALL : value))
  const current = variable.current?.value
  const values = Array.isArray(current) ? current : current === undefined ? [] : [current]
  if (values.length && values[0] !== '') return values
  if (variable.type === 'textbox' || variable.type === 'constant') return [queryText(variable)]
  return variable.includeAll ? [ALL] : []
}

export async function valuesOf(
  variable: Variable,
  range: Range,
  chosen: Readonly<Record<string, string[]>>,
  signal: AbortSignal,
): Promise<string[]> {
  if (variable.type === 'custom' || variable.type === 'interval') return optionsOf(variable)
  if (variable.type !== 'query') return []
  const { query } = variable
  if (typeof query === 'object' && query.label)
    return labelValues(query.label, range, interpolate(query.stream ?? '', chosen, range), signal)
  const text = interpolate(queryText(variable), chosen, range)
  const call = /^label_values\(\s*(?:(.*?)\s*,\s*)?([A-Za-z_]\w*)\s*\)$/s.exec(text)
  return call ? labelValues(call[2]!, range, call[1] ?? '', signal) : []
}

function optionsOf(variable: Variable): string[] {
  if (variable.options?.length) return variable.options.map(option => option.value).filter(value => value !== ALL)
  return queryText(variable)
    .split(',')
    .map(each => each.trim().replace(/^.*?\s:\s/, ''))
    .filter(Boolean)
}

function queryText(variable: Variable): string {
  return typeof variable.query === 'string' ? variable.query : (variable.query?.query ?? '')
}

/** The text with `$name`, `${name}`, `${name:format}` and `[[name]]` replaced. */
export function interpolate(text: string, chosen: Readonly<Record<string, string[]>>, range: Range): string {
  const known: Record<string, string[]> = { ...chosen, ...builtIn(range) }
  return text.replace(/\$\{(\w+)(?::(\w+))?\}|\$(\w+)|\[\[(\w+)\]\]/g, (whole, braced, format, plain, old) => {
    const values = known[braced ?? plain ?? old]
    return values ? joined(values, format) : whole
  })
}

function joined(values: readonly string[], format: string | undefined): string {
  if (values.includes(ALL)) return '.+'
  if (values.length === 1 && format !== 'regex') return values[0]!
  if (format === 'csv') return values.join(',')
  if (format === 'pipe') return values.join('|')
  const escaped = values.map(value => value.replace(/[.*+?^${}()|[\]\\]/g, '\\\\$&'))
  return escaped.length === 1 ? escaped[0]! : `(${escaped.join('|')})`
}

function builtIn(range: Range): Record<string, string[]> {
  const step = formatDuration(Math.max(10_000, stepFor(range, 120)))
  const length = range.end - range.start
  return {
    __interval: [step],
    __auto: [step],
    __rate_interval: [formatDuration(Math.max(60_000, stepFor(range, 120)))],
    __interval_ms: [String(stepFor(range, 120))],
    __range: [`${Math.round(length / 1000)}s`],
    __range_s: [String(Math.round(length / 1000))],
    __range_ms: [String(Math.round(length))],
    __from: [String(Math.floor(range.start))],
    __to: [String(Math.ceil(range.end))],
  }
}
