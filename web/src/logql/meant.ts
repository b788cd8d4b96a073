// What a text that is no query was probably meant as.

import { quote } from './quote'
import { tokenize } from './tokens'

/** Matchers get their braces, a step gets a selector, and words are looked for in lines; null where that is no help. */
export function meantAs(text: string): string | null {
  const written = text.trim()
  const tokens = tokenize(written).filter(token => token.kind !== 'comment')
  const [first, second, third] = tokens
  if (!first || tokens.some(token => token.text === '{' || token.text === '}' || token.kind === 'function')) return null
  if (/^(?:\|[=~>]?|![=~>])$/.test(first.text)) return `{} ${written}`
  if (/^(?:=~?|!=|!~)$/.test(second?.text ?? '') && third?.kind === 'string') return `{${written}}`
  return `{} |= ${tokens.length === 1 && first.kind === 'string' ? written : quote(written)}`
}
