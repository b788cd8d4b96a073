// An alert's query is a comparison; the graph wants its left side, and the number on its right as a line.

import { tokenize } from '../logql/tokens'

export interface Threshold {
  query: string
  value: number | null
}

export function thresholdOf(query: string): Threshold {
  const tokens = tokenize(query)
  let depth = 0
  for (const [at, token] of tokens.entries()) {
    if (/^[({[]$/.test(token.text)) depth += 1
    if (/^[)}\]]$/.test(token.text)) depth -= 1
    const after = tokens[at + 1]
    if (
      depth === 0 &&
      at > 0 &&
      /^(?:>|<|>=|<=|==|!=)$/.test(token.text) &&
      after?.kind === 'number' &&
      at + 2 === tokens.length
    ) {
      return { query: query.slice(0, token.from).trim(), value: Number(after.text) }
    }
  }
  return { query, value: null }
}
