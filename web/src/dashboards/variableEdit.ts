// Changes to the variables of a dashboard. Each gives a new variable; what else is in it stays as it is.

import type { Variable } from './model'
import { type Listed, listedIn, queryText } from './variables'

/** Those that have a form here; the others are kept. */
export const KINDS = [
  ['query', 'values of a label'],
  ['custom', 'a list'],
  ['interval', 'a duration'],
  ['textbox', 'a text'],
  ['constant', 'a constant'],
] as const

/** As Grafana's form for Loki writes it: the values of a label, not the names of all. */
const VALUES = { type: 1, refId: 'LokiVariableQueryEditor-VariableQuery' }

const FIRST: Record<string, Variable['query']> = {
  query: { ...VALUES, label: 'service_name', stream: '' },
  interval: '1m,5m,15m,1h',
}

export function newVariable(taken: readonly string[]): Variable {
  let name = 'service'
  for (let number = 2; taken.includes(name); number += 1) name = `service${number}`
  return ofKind({ name, type: '' }, 'query')
}

/** What a variable of another kind begins with: nothing that was listed or chosen before means anything in it. */
export function ofKind(variable: Variable, type: string): Variable {
  const { options: _options, current: _current, query: _query, multi: _multi, includeAll: _all, ...kept } = variable
  return { ...kept, type, query: FIRST[type] ?? '', ...(type === 'query' && { includeAll: true }) }
}

/** The label that a variable lists, however its query is written. */
export function listedOf(variable: Variable): Listed {
  const { query } = variable
  if (typeof query === 'object' && query.label) return { label: query.label, stream: query.stream ?? '' }
  return listedIn(queryText(variable)) ?? { label: '', stream: '' }
}

/** The variable with another label or other streams. */
export function listing(variable: Variable, changed: Partial<Listed>): Variable {
  const before = typeof variable.query === 'object' ? variable.query : VALUES
  return withoutChoices({ ...variable, query: { ...before, ...listedOf(variable), ...changed } })
}

/** The variable with another list or text; what was listed of the old one is left out. */
export function withText(variable: Variable, text: string): Variable {
  return withoutChoices({ ...variable, query: text })
}

function withoutChoices({ options: _options, current: _current, ...kept }: Variable): Variable {
  return kept
}

/** What keeps variables from being used, or an empty text. */
export function problemOf(variables: readonly Variable[]): string {
  for (const [at, { name }] of variables.entries()) {
    if (!/^[A-Za-z_]\w*$/.test(name))
      return `“${name}” can’t be a name: it has letters, digits and _, and no digit first`
    if (variables.findIndex(each => each.name === name) < at) return `there are two variables “${name}”`
  }
  const unlisted = variables.find(each => each.type === 'query' && typeof each.query === 'object' && !each.query.label)
  return unlisted ? `“${unlisted.name}” names no label` : ''
}
