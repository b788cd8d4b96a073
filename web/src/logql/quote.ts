export function quote(text: string): string {
  return JSON.stringify(text)
}

/** A regular expression that matches these texts and nothing else. */
export function anyOf(texts: readonly string[]): string {
  const escaped = texts.map(text => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  return escaped.length === 1 ? escaped[0]! : `(${escaped.join('|')})`
}

/** The text in a string of LogQL. */
export function unquote(literal: string): string {
  if (literal.startsWith('`')) return literal.replace(/^`|`$/g, '')
  try {
    return JSON.parse(literal) as string
  } catch {
    return literal.replace(/^"|"$/g, '').replace(/\\(["\\])/g, '$1')
  }
}
