// What the query looked for, found again in the lines.

import { unquote } from '../logql/quote'
import { structureOf } from '../logql/structure'
import { tokenize } from '../logql/tokens'

export type Marker = RegExp | null

/** An expression that finds what the query's line filters look for; null when there are none. */
export function markerOf(query: string): Marker {
  const sources: string[] = []
  let ignoresCase = false
  for (const stage of structureOf(query).stages) {
    if (stage.kind !== '|=' && stage.kind !== '|~') continue
    ignoresCase ||= /^\|=\s*i["`]/.test(stage.text)
    for (const token of tokenize(stage.text)) {
      if (token.kind !== 'string') continue
      const text = unquote(token.text)
      if (text) sources.push(stage.kind === '|=' ? text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&') : text)
    }
  }
  if (!sources.length) return null
  ignoresCase ||= sources.some(source => source.startsWith('(?i)'))
  try {
    return new RegExp(sources.map(source => source.replace(/^\(\?i\)/, '')).join('|'), ignoresCase ? 'gi' : 'g')
  } catch {
    return null // RE2 knows expressions that browsers do not
  }
}

export interface Piece {
  text: string
  marked: boolean
}

export function piecesOf(text: string, marker: Marker): Piece[] {
  if (!marker) return [{ text, marked: false }]
  const pieces: Piece[] = []
  let at = 0
  for (const match of text.matchAll(marker)) {
    if (!match[0]) break
    if (match.index > at) pieces.push({ text: text.slice(at, match.index), marked: false })
    pieces.push({ text: match[0], marked: true })
    at = match.index + match[0].length
  }
  if (at < text.length) pieces.push({ text: text.slice(at), marked: false })
  return pieces
}
