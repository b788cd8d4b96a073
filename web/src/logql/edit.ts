// Queries changed by clicks, as text: what the person wrote around the change stays as it is.

import { quote } from './quote'
import { entryStages, type Matcher, type Structure, structureOf } from './structure'
import { PARSER_NAMES } from './words'

export type Operator = '=' | '!=' | '=~' | '!~'

/** Where a field comes from: a stream label, structured metadata, or a line that this parser reads. */
export type Origin = { kind: 'label' } | { kind: 'metadata' } | { kind: 'parsed'; parser: string | null }

/** Adds a condition on a field, or takes it away where it is there already; the opposite of one replaces it. */
export function toggleFilter(query: string, origin: Origin, name: string, operator: Operator, value: string): string {
  if (origin.kind === 'label') return toggleMatcher(query, name, operator, value)
  const condition = `| ${name}${operator}${quote(value)}`
  const structure = structureOf(query || '{}')
  const same = structure.stages.find(stage => stage.text.replace(/\s+/g, '') === condition.replace(/\s+/g, ''))
  if (same) return cut(query, same.from, same.to)
  const opposite = `| ${name}${operator === '=' ? '!=' : '='}${quote(value)}`
  const other = structure.stages.find(stage => stage.text.replace(/\s+/g, '') === opposite.replace(/\s+/g, ''))
  if (other) return query.slice(0, other.from) + condition + query.slice(other.to)
  const parser = origin.kind === 'parsed' ? origin.parser : null
  const parsed = !parser || structure.stages.some(stage => PARSER_NAMES.has(stage.kind))
  return addStage(query, parsed ? condition : `| ${parser} ${condition}`)
}

export function toggleMatcher(query: string, name: string, operator: Operator, value: string): string {
  const { selector } = structureOf(query)
  if (!selector) return `{${name}${operator}${quote(value)}}${query.trim() ? ` ${query.trim()}` : ''}`
  const same = selector.matchers.find(each => each.name === name && each.operator === operator && each.value === value)
  if (same)
    return withMatchers(
      query,
      selector.matchers.filter(each => each !== same),
    )
  const kept = selector.matchers.filter(each => !conflicts(each, name, operator, value))
  return withMatchers(query, [...kept, { name, operator, value }])
}

function conflicts(matcher: Matcher, name: string, operator: Operator, value: string): boolean {
  if (matcher.name !== name) return false
  if (operator === '=') return true
  return matcher.operator === '=' && (operator !== '!=' || matcher.value === value)
}

export function removeMatcher(query: string, index: number): string {
  const { selector } = structureOf(query)
  return selector
    ? withMatchers(
        query,
        selector.matchers.filter((_, at) => at !== index),
      )
    : query
}

export function withMatchers(query: string, matchers: readonly Pick<Matcher, 'name' | 'operator' | 'value'>[]): string {
  const { selector } = structureOf(query)
  const text = `{${matchers.map(each => each.name + each.operator + quote(each.value)).join(', ')}}`
  return selector ? query.slice(0, selector.from) + text + query.slice(selector.to) : text
}

/** Puts a stage behind those that make entries, before any pipe. */
export function addStage(query: string, stage: string): string {
  const text = query.trim() ? query : '{}'
  const structure = structureOf(text)
  const at = entryStages(structure).at(-1)?.to ?? structure.selector?.to ?? text.length
  return `${text.slice(0, at)} ${stage}${text.slice(at)}`
}

/** Line filters go right behind the selector, where they cost least. */
export function addLineFilter(query: string, operator: '|=' | '!=' | '|~' | '!~', value: string): string {
  const text = query.trim() ? query : '{}'
  const { selector } = structureOf(text)
  const at = selector?.to ?? text.length
  return `${text.slice(0, at)} ${operator} ${quote(value)}${text.slice(at)}`
}

export function removeStage(query: string, index: number): string {
  const stage = structureOf(query).stages[index]
  return stage ? cut(query, stage.from, stage.to) : query
}

function cut(query: string, from: number, to: number): string {
  return (query.slice(0, from).trimEnd() + query.slice(to)).trim()
}

export function hasFilter(structure: Structure, name: string, operator: Operator, value: string): boolean {
  const wanted = `|${name}${operator}${quote(value)}`.replace(/\s+/g, '')
  const matches = (each: Matcher) => each.name === name && each.operator === operator && each.value === value
  return (
    !!structure.selector?.matchers.some(matches) ||
    structure.stages.some(stage => stage.text.replace(/\s+/g, '') === wanted)
  )
}
