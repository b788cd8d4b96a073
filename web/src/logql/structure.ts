// The parts of a query that clicks change: the matchers of its first selector, and the stages behind it.

import { unquote } from './quote'
import { type Token, tokenize } from './tokens'
import { PARSER_NAMES, PIPE_NAMES } from './words'

export interface Matcher {
  name: string
  operator: string
  value: string
  from: number
  to: number
}

export interface Stage {
  text: string
  /** `|=` and its kin for a line filter, the first word of any other stage */
  kind: string
  from: number
  to: number
}

export interface Structure {
  selector: { from: number; to: number; matchers: Matcher[] } | null
  stages: Stage[]
  /** where the log query ends: behind the last stage */
  end: number
  isMetric: boolean
}

const LINE_FILTERS = new Set(['|=', '!=', '|~', '!~', '|>', '!>'])

export function structureOf(query: string): Structure {
  const tokens = tokenize(query).filter(token => token.kind !== 'comment')
  const open = tokens.findIndex(token => token.text === '{')
  const isMetric = open !== 0 && tokens.length > 0 && tokens[0]!.text !== '{'
  if (open < 0) return { selector: null, stages: [], end: query.length, isMetric }
  let close = tokens.findIndex((token, index) => index > open && token.text === '}')
  if (close < 0) close = tokens.length - 1
  const selector = {
    from: tokens[open]!.from,
    to: tokens[close]!.to,
    matchers: matchersOf(tokens.slice(open + 1, close)),
  }
  const stages = stagesOf(query, tokens.slice(close + 1))
  return { selector, stages, end: stages.at(-1)?.to ?? selector.to, isMetric }
}

function matchersOf(tokens: readonly Token[]): Matcher[] {
  const matchers: Matcher[] = []
  for (let index = 0; index + 2 < tokens.length; index += 1) {
    const [name, operator, value] = [tokens[index]!, tokens[index + 1]!, tokens[index + 2]!]
    if (operator.kind === 'operator' && value.kind === 'string') {
      matchers.push({
        name: name.text,
        operator: operator.text,
        value: unquote(value.text),
        from: name.from,
        to: value.to,
      })
      index += 2
    }
  }
  return matchers
}

function stagesOf(query: string, tokens: readonly Token[]): Stage[] {
  const stages: Stage[] = []
  let begin: Token | null = null
  let last: Token | null = null
  let depth = 0
  const finish = () => {
    if (begin && last)
      stages.push({
        text: query.slice(begin.from, last.to),
        kind: kindOf(query, begin, last),
        from: begin.from,
        to: last.to,
      })
  }
  for (const token of tokens) {
    if (depth === 0 && (token.text === ')' || token.text === '[' || token.text === ';')) break
    if (depth === 0 && (token.text === '|' || (LINE_FILTERS.has(token.text) && !comparesLabel(begin, last)))) {
      finish()
      begin = token
    }
    if (!begin) break
    if (token.text === '(' || token.text === '{') depth += 1
    if (token.text === ')' || token.text === '}') depth -= 1
    last = token
  }
  finish()
  return stages
}

/** Whether `!=` and `!~` here stand between a label and a value rather than begin a line filter. */
function comparesLabel(begin: Token | null, last: Token | null): boolean {
  return (
    begin?.text === '|' &&
    last !== null &&
    (last.kind === 'name' || last.kind === 'keyword') &&
    !PARSER_NAMES.has(last.text)
  )
}

function kindOf(query: string, begin: Token, last: Token): string {
  if (begin.text !== '|') return begin.text
  return /\w+/.exec(query.slice(begin.to, last.to))?.[0] ?? ''
}

/** The stages that make entries; pipes behind them make tables. */
export function entryStages(structure: Structure): Stage[] {
  const first = structure.stages.findIndex(isPipe)
  return first < 0 ? structure.stages : structure.stages.slice(0, first)
}

export function isPipe(stage: Stage): boolean {
  return PIPE_NAMES.has(stage.kind) && !/^\|\s*\w+\s*(?:=|!|>|<)/.test(stage.text)
}

export function isLineFilter(stage: Stage): boolean {
  return LINE_FILTERS.has(stage.kind)
}

/** Whether lines answer the query, as far as its words say it; not a graph, and no table. */
export function asksForLines(query: string): boolean {
  const { selector, stages, isMetric } = structureOf(query)
  return selector !== null && !isMetric && !stages.some(isPipe)
}

/** The log query inside a query, without pipes: what the histogram counts. */
export function logQueryOf(query: string): string {
  const structure = structureOf(query)
  if (!structure.selector) return ''
  const end = entryStages(structure).at(-1)?.to ?? structure.selector.to
  return query.slice(structure.selector.from, end)
}

/** The same as it is counted: numbers leave lines out that a stage can't read, which are lines of the answer all the same. */
export function countedQueryOf(query: string): string {
  const lines = logQueryOf(query)
  const reads = entryStages(structureOf(query)).some(stage => !isLineFilter(stage))
  return lines && reads ? `${lines} | drop __error__, __error_details__` : lines
}

export function selectorOf(query: string): string {
  const { selector } = structureOf(query)
  return selector ? query.slice(selector.from, selector.to) : '{}'
}
