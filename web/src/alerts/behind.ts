// The log lines behind an alert: those that its rule counts, of the alert's own series.

import type { Alert, Rule } from '../api/prometheus'
import { addStage, hasFilter, toggleMatcher } from '../logql/edit'
import { quote } from '../logql/quote'
import { entryStages, structureOf } from '../logql/structure'
import { parseDuration } from '../time/duration'

export interface Behind {
  /** a log query */
  query: string
  /** ms since 1970: where the lines begin that made it pending */
  from: number
}

/** ms more than the range that a query counts over, so that one sees how it began */
const BEFORE = 5 * 60_000

/** The lines behind an alert of a rule; null where none are known. `rules` are all, since one may ask for what another records. */
export function linesBehind(rule: Rule, alert: Alert, rules: readonly Rule[]): Behind | null {
  const counting = countingRules(rule, rules)
  const last = counting.at(-1)!
  const query = last.over === 'series' ? '' : linesOf(last.query)
  if (!query || !alert.activeAt) return null
  // What rules add to labels is in no line, nor is what a function makes of others.
  const added = new Set(counting.flatMap(each => [...Object.keys(each.labels ?? {}), ...madeLabels(each.query)]))
  const labels = Object.entries(alert.labels).filter(([name]) => name !== 'alertname' && !added.has(name))
  const ranges = counting.flatMap(each => rangesIn(each.query))
  const from = Date.parse(alert.activeAt) - Math.max(0, ...ranges) - BEFORE
  return { query: labels.reduce((narrowed, [name, value]) => narrow(narrowed, name, value), query), from }
}

/** The rule, then the one that recorded what it asks for first, and so on to one that counts lines. */
function countingRules(rule: Rule, rules: readonly Rule[]): Rule[] {
  const found = [rule]
  while (found.at(-1)!.over === 'series') {
    const names = namesIn(found.at(-1)!.query)
    const recorded = rules.filter(each => each.type === 'recording' && names.includes(each.name))
    const next = recorded.sort((a, b) => names.indexOf(a.name) - names.indexOf(b.name))[0]
    if (!next || found.includes(next)) break
    found.push(next)
  }
  return found
}

/** What may be a series in PromQL: every name outside strings. */
function namesIn(query: string): string[] {
  return query.replace(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`/g, ' ').match(/[A-Za-z_:][\w:]*/g) ?? []
}

/** The lines that a metric query counts first, without the number that it takes from them. */
function linesOf(query: string): string {
  const structure = structureOf(query)
  if (!structure.selector) return ''
  const stages = entryStages(structure)
  const unwrap = stages.findIndex(stage => stage.kind === 'unwrap')
  const kept = unwrap < 0 ? stages : stages.slice(0, unwrap)
  return query.slice(structure.selector.from, kept.at(-1)?.to ?? structure.selector.to)
}

function narrow(query: string, name: string, value: string): string {
  const structure = structureOf(query)
  if (!value || hasFilter(structure, name, '=', value)) return query
  const ofStreams = structure.selector?.matchers.some(matcher => matcher.name === name)
  return ofStreams ? toggleMatcher(query, name, '=', value) : addStage(query, `| ${name}=${quote(value)}`)
}

function madeLabels(query: string): string[] {
  if (!/\blabel_(?:replace|join)\b/.test(query)) return []
  return [...query.matchAll(/,\s*"(\w+)"(?=\s*,)/g)].map(([, name]) => name!)
}

/** ms of every `[5m]` in a query. */
function rangesIn(query: string): number[] {
  return [...query.matchAll(/\[\s*(\w+)/g)].map(([, text]) => parseDuration(text!) ?? 0)
}
