// Variables of a dashboard: what they may be, and what is chosen.

import { labelValues } from '../api/loki'
import type { Range } from '../time/range'
import { type Chosen, interpolate, type Scope } from './interpolate'
import type { Variable } from './model'

export const ALL = '$__all'

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

export async function valuesOf(variable: Variable, range: Range, scope: Scope, signal: AbortSignal): Promise<string[]> {
  if (variable.type === 'custom' || variable.type === 'interval') return optionsOf(variable)
  if (variable.type !== 'query') return []
  const { query } = variable
  if (typeof query === 'object' && query.label)
    return labelValues(query.label, range, interpolate(query.stream ?? '', scope, range), signal)
  const text = interpolate(queryText(variable), scope, range)
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

/** What the variables stand for; All becomes every value that there is, unless the dashboard says what it is. */
export async function scopeOf(
  variables: readonly Variable[],
  chosen: Readonly<Record<string, string[]>>,
  range: Range,
  signal: AbortSignal,
): Promise<Scope> {
  const scope: Record<string, Chosen> = {}
  for (const variable of variables) {
    const values = chosen[variable.name] ?? []
    const regex = Boolean(variable.multi || variable.includeAll)
    if (!values.includes(ALL)) scope[variable.name] = { values, regex }
    else if (variable.allValue) scope[variable.name] = { values: [], regex, allValue: variable.allValue }
    else {
      const all = await valuesOf(variable, range, scope, signal)
      scope[variable.name] = all.length ? { values: all, regex } : { values: [], regex, allValue: '.+' }
    }
  }
  return scope
}
