export function quote(text: string): string {
  return JSON.stringify(text)
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
