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

/** What a variable may be, where the others are what the scope says. */
export type ValuesOf = (variable: Variable, scope: Scope) => Promise<string[]>

/** Asks for the values of a label once in a range, whoever wants them: a variable's choice, and the panels if it is All. */
export function valuesIn(range: Range): ValuesOf {
  const asked = new Map<string, Promise<string[]>>()
  return async (variable, scope) => {
    if (variable.type === 'custom' || variable.type === 'interval') return optionsOf(variable)
    const listed = variable.type === 'query' ? listedBy(variable, range, scope) : null
    if (!listed) return []
    const key = JSON.stringify(listed)
    const values = asked.get(key) ?? labelValues(listed.label, range, listed.stream)
    asked.set(key, values)
    return values
  }
}

/** A label, of the streams that a selector names, if any. */
export interface Listed {
  label: string
  stream: string
}

/** The label whose values a variable lists. */
function listedBy(variable: Variable, range: Range, scope: Scope): Listed | null {
  const { query } = variable
  if (typeof query === 'object' && query.label)
    return { label: query.label, stream: interpolate(query.stream ?? '', scope, range) }
  return listedIn(interpolate(queryText(variable), scope, range))
}

/** What `label_values(…)` names. */
export function listedIn(text: string): Listed | null {
  const call = /^label_values\(\s*(?:(.*?)\s*,\s*)?([A-Za-z_]\w*)\s*\)$/s.exec(text)
  return call && { label: call[2]!, stream: call[1] ?? '' }
}

function optionsOf(variable: Variable): string[] {
  if (variable.options?.length) return variable.options.map(option => option.value).filter(value => value !== ALL)
  return queryText(variable)
    .split(',')
    .map(each => each.trim().replace(/^.*?\s:\s/, ''))
    .filter(Boolean)
}

export function queryText(variable: Variable): string {
  return typeof variable.query === 'string' ? variable.query : (variable.query?.query ?? '')
}

/**
 * What the variables stand for. All becomes every value that there is, unless the dashboard says what it is; then the
 * values are asked for only where rows or panels repeat by them.
 */
export async function scopeOf(
  variables: readonly Variable[],
  chosen: Readonly<Record<string, string[]>>,
  valuesOf: ValuesOf,
  repeated: ReadonlySet<string> = new Set(),
): Promise<Scope> {
  const scope: Record<string, Chosen> = {}
  for (const variable of variables) {
    const values = chosen[variable.name] ?? []
    const regex = Boolean(variable.multi || variable.includeAll)
    if (!values.includes(ALL)) scope[variable.name] = { values, regex }
    else if (variable.allValue) {
      const each = repeated.has(variable.name) ? await valuesOf(variable, scope) : []
      scope[variable.name] = { values: each, regex, allValue: variable.allValue }
    } else {
      const all = await valuesOf(variable, scope)
      scope[variable.name] = all.length ? { values: all, regex } : { values: [], regex, allValue: '.+' }
    }
  }
  return scope
}
