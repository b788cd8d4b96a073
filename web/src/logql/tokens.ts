// LogQL cut into tokens, leniently: a half-written query has tokens, too. The server alone decides what is valid.

import { FUNCTION_NAMES, KEYWORDS } from './words'

export type TokenKind = 'comment' | 'string' | 'number' | 'operator' | 'punctuation' | 'function' | 'keyword' | 'name'

export interface Token {
  kind: TokenKind
  text: string
  from: number
  to: number
}

const PATTERNS: readonly (readonly [TokenKind, RegExp])[] = [
  ['comment', /#[^\n]*|\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$)/y],
  ['string', /"(?:[^"\\\n]|\\.)*"?|`[^`]*`?/y],
  ['number', /\d+(?:\.\d+)?(?:e[+-]?\d+)?(?:[a-zA-Zµ]+\d*)*/y],
  ['operator', /\|=|!=|\|~|!~|\|>|!>|=~|==|>=|<=|[|=<>+*/%^!-]/y],
  ['punctuation', /[{}()[\],;.@:]/y],
  ['name', /[A-Za-z_][\w]*/y],
]

export function tokenize(query: string): Token[] {
  const tokens: Token[] = []
  let at = 0
  while (at < query.length) {
    const token = tokenAt(query, at)
    if (token) tokens.push(token)
    at = token ? token.to : at + 1
  }
  return tokens
}

function tokenAt(query: string, at: number): Token | null {
  for (const [kind, pattern] of PATTERNS) {
    pattern.lastIndex = at
    const text = pattern.exec(query)?.[0]
    if (text)
      return {
        kind: kind === 'name' ? kindOfName(query, at + text.length, text) : kind,
        text,
        from: at,
        to: at + text.length,
      }
  }
  return null
}

function kindOfName(query: string, end: number, name: string): TokenKind {
  if (FUNCTION_NAMES.has(name) && /^\s*(?:\(|by\b|without\b)/.test(query.slice(end))) return 'function'
  if (KEYWORDS.has(name) && !/^\s*(?:=|!=|>|<|!~)/.test(query.slice(end))) return 'keyword'
  return 'name'
}
