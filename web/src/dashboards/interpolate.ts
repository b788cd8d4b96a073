// Variables in texts: `$name`, `${name}`, `${name:format}`, `[[name]]`, in Grafana's formats, and its own `$__range` and kin.

import { anyOf } from '../logql/quote'
import type { Range } from '../time/range'
import { timeVariables } from '../time/variables'

/** What a variable stands for. */
export interface Chosen {
  /** those that rows and panels repeat for, even where `allValue` stands in queries */
  values: readonly string[]
  /** It may be several values, and so stands in queries as a regular expression. */
  regex: boolean
  /** All is chosen, and the dashboard says what that is; taken as it stands. */
  allValue?: string
}

export type Scope = Readonly<Record<string, Chosen>>

const PIECES = 120 // of a panel's graph

/** What the text is for: values in queries are quoted and escaped, in texts for people they are not. */
export type Purpose = 'query' | 'text'

export function interpolate(text: string, scope: Scope, range: Range, purpose: Purpose = 'query'): string {
  const own = timeVariables(range, PIECES)
  return text.replace(
    /\$\{(\w+)(?::(\w+))?\}|\$(\w+)|\[\[(\w+)(?::(\w+))?\]\]/g,
    (whole, braced, format, plain, old, oldFormat, at: number) => {
      const name = braced ?? plain ?? old
      if (own[name] !== undefined) return own[name]
      const chosen = scope[name]
      if (!chosen) return whole
      return formatted(name, chosen, format ?? oldFormat, purpose, quoteAround(text, at))
    },
  )
}

function formatted(name: string, chosen: Chosen, format: string | undefined, purpose: Purpose, quote: string): string {
  const { values, allValue } = chosen
  if (allValue !== undefined) return purpose === 'text' ? 'All' : allValue
  const [only] = values
  switch (format) {
    case undefined:
      if (purpose === 'text') return values.join(' + ')
      if (chosen.regex) return inQuotes(anyOf(values), quote)
      return inQuotes(only ?? '', quote)
    case 'regex':
      return purpose === 'query' ? inQuotes(anyOf(values), quote) : anyOf(values)
    case 'pipe':
      return values.join('|')
    case 'text':
      return values.join(' + ')
    case 'json':
      return JSON.stringify(values.length === 1 ? only : values)
    case 'glob':
      return values.length > 1 ? `{${values.join(',')}}` : (only ?? '')
    case 'doublequote':
      return values.map(value => `"${value.replace(/"/g, '\\"')}"`).join(',')
    case 'singlequote':
      return values.map(value => `'${value.replace(/'/g, "\\'")}'`).join(',')
    case 'sqlstring':
      return values.map(value => `'${value.replace(/'/g, "''")}'`).join(',')
    case 'lucene':
      return values.length > 1 ? `(${values.map(value => JSON.stringify(value)).join(' OR ')})` : (only ?? '')
    case 'distributed':
      return values.map((value, at) => (at ? `${name}=${value}` : value)).join(',')
    case 'percentencode':
      return encodeURIComponent(values.join(',')).replace(
        /[!'()*]/g,
        each => `%${each.charCodeAt(0).toString(16).toUpperCase()}`,
      )
    case 'queryparam':
      return values.map(value => `var-${name}=${encodeURIComponent(value)}`).join('&')
    default:
      return values.join(',') // csv, raw, and what Grafana takes for them
  }
}

/** As it stands in a string of the query: between double quotes a backslash is written twice. */
function inQuotes(text: string, quote: string): string {
  return quote === '"' ? text.replace(/[\\"]/g, '\\$&') : text
}

/** The quote of the string that this place of a query is in; empty outside. */
function quoteAround(text: string, end: number): string {
  let quote = ''
  for (let at = 0; at < end; at += 1) {
    const character = text[at]!
    if (quote === '"' && character === '\\') at += 1
    else if (quote) quote = character === quote ? '' : quote
    else if (character === '"' || character === '`') quote = character
  }
  return quote
}
