// What could stand at a place in a query: decided from the text before it alone, so that it works in any half-written one.

import { structureOf } from './structure'
import { tokenize } from './tokens'
import {
  AGGREGATIONS,
  FUNCTIONS,
  PIPE_NAMES,
  PIPES,
  RANGE_FUNCTIONS,
  STAGES,
  STATS_FUNCTIONS,
  UNWRAP_CONVERSIONS,
  type Word,
} from './words'

export type Wanted =
  | { kind: 'label names'; from: number }
  | { kind: 'label values'; from: number; name: string; quoted: boolean }
  | { kind: 'field values'; from: number; name: string; quoted: boolean }
  | { kind: 'fields'; from: number; words: Word[] }
  | { kind: 'words'; from: number; words: Word[] }
  | { kind: 'durations'; from: number }

const LINE_FILTERS: Word[] = [
  { name: '|=', help: 'the line contains' },
  { name: '!=', help: 'the line does not contain' },
  { name: '|~', help: 'the line matches an expression' },
  { name: '!~', help: 'the line does not match an expression' },
  { name: '|>', help: 'the line has a pattern: <_> for anything' },
]

export function wantedAt(query: string, at: number): Wanted | null {
  const before = query.slice(0, at)
  const tokens = tokenize(before).filter(token => token.kind !== 'comment')
  const last = tokens.at(-1)
  if (last?.kind === 'string' && last.to === at && !isClosed(last.text))
    return valuesFor(before, tokens.length - 1, last.from + 1, true)
  const word = /[A-Za-z_]\w*$/.exec(before)?.[0] ?? ''
  const from = at - word.length
  const rest = word ? tokens.slice(0, -1) : tokens
  const previous = rest.at(-1)
  if (isInSelector(rest)) {
    if (previous?.text === '{' || previous?.text === ',') return { kind: 'label names', from }
    if (previous?.kind === 'operator') return valuesFor(before, rest.length, from, false)
    return null
  }
  if (previous?.text === '[') return { kind: 'durations', from: at }
  if (!previous) return { kind: 'words', from, words: [...RANGE_FUNCTIONS, ...AGGREGATIONS, ...FUNCTIONS] }
  const stage = stageBefore(rest)
  if (previous.text === '|') return { kind: 'fields', from, words: [...STAGES, ...PIPES] }
  if (/^(by|without|on|ignoring|drop|keep|fields)$/.test(previous.text)) return { kind: 'fields', from, words: [] }
  if (previous.text === 'unwrap') return { kind: 'fields', from, words: UNWRAP_CONVERSIONS }
  if (stage === 'stats' && /^(stats|,)$/.test(previous.text)) return { kind: 'words', from, words: STATS_FUNCTIONS }
  if (stage && PIPE_NAMES.has(stage)) return { kind: 'fields', from, words: [] }
  if (previous.text === '(' || (previous.text === ',' && insideGrouping(rest))) {
    return insideGrouping(rest)
      ? { kind: 'fields', from, words: [] }
      : { kind: 'words', from, words: [...RANGE_FUNCTIONS, ...AGGREGATIONS, ...FUNCTIONS] }
  }
  if (/^(and|or|,)$/.test(previous.text)) return { kind: 'fields', from, words: [] }
  if (previous.kind === 'operator' && stage) return valuesFor(before, rest.length, from, false)
  if (!word && (previous.text === '}' || previous.kind === 'string' || previous.kind === 'keyword')) {
    return { kind: 'words', from, words: LINE_FILTERS }
  }
  return null
}

function valuesFor(before: string, index: number, from: number, quoted: boolean): Wanted | null {
  const tokens = tokenize(before).filter(token => token.kind !== 'comment')
  const operator = tokens[index - 1]
  const name = tokens[index - 2]
  if (!operator || !name || operator.kind !== 'operator' || !/^\w+$/.test(name.text) || operator.text.startsWith('|'))
    return null
  const kind = isInSelector(tokens.slice(0, index)) ? 'label values' : 'field values'
  return { kind, from, name: name.text, quoted }
}

type Tokens = ReturnType<typeof tokenize>

/** The other matchers of the selector in which somebody writes, as one: what they leave is what could stand here. */
export function selectorBeside(query: string, at: number): string {
  const tokens = tokenize(query).filter(token => token.kind !== 'comment')
  const open = tokens.findLastIndex(token => token.text === '{' && token.from < at)
  if (open < 0) return ''
  const { selector } = structureOf(query.slice(tokens[open]!.from))
  const begin = tokens[open]!.from
  const others =
    selector?.matchers.filter(({ from, to, value }) => value && (at < begin + from || at > begin + to)) ?? []
  return others.length ? `{${others.map(({ from, to }) => query.slice(begin + from, begin + to)).join(', ')}}` : ''
}

function isInSelector(tokens: Tokens): boolean {
  for (const token of tokens.toReversed()) {
    if (token.text === '{') return true
    if (token.text === '}') return false
  }
  return false
}

function stageBefore(tokens: Tokens): string | null {
  const bar = tokens.findLastIndex(token => token.text === '|')
  return bar < 0 ? null : (tokens[bar + 1]?.text ?? '')
}

function insideGrouping(tokens: Tokens): boolean {
  const open = tokens.findLastIndex(token => token.text === '(')
  return open > 0 && /^(by|without|on|ignoring|group_left|group_right)$/.test(tokens[open - 1]!.text)
}

function isClosed(literal: string): boolean {
  return literal.length > 1 && literal.at(-1) === literal[0] && literal.at(-2) !== '\\'
}
