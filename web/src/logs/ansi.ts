// Colour codes of terminals as classes. Codes that mean nothing here are left out of the text.

export interface Span {
  text: string
  classes: string
}

const SEQUENCE = /\x1b\[([0-9;]*)([A-Za-z])/g
const COLOURS = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white']

export function hasAnsi(text: string): boolean {
  return text.includes('\x1b[')
}

export function withoutAnsi(text: string): string {
  return hasAnsi(text) ? text.replace(SEQUENCE, '') : text
}

export function ansiSpans(text: string): Span[] {
  const spans: Span[] = []
  let style = new Map<string, string>()
  let at = 0
  const push = (to: number) => {
    if (to > at) spans.push({ text: text.slice(at, to), classes: [...style.values()].join(' ') })
  }
  for (const match of text.matchAll(SEQUENCE)) {
    push(match.index)
    at = match.index + match[0].length
    if (match[2] === 'm') style = applied(style, match[1]!)
  }
  push(text.length)
  return spans
}

function applied(before: ReadonlyMap<string, string>, codes: string): Map<string, string> {
  const style = new Map(before)
  for (const code of codes.split(';').map(Number)) {
    if (code === 0) style.clear()
    else if (code === 1) style.set('bold', 'ansi-bold')
    else if (code === 2) style.set('dim', 'ansi-dim')
    else if (code === 3) style.set('italic', 'ansi-italic')
    else if (code === 4) style.set('underline', 'ansi-underline')
    else if (code === 22) for (const name of ['bold', 'dim']) style.delete(name)
    else if (code >= 30 && code <= 37) style.set('colour', `ansi-${COLOURS[code - 30]}`)
    else if (code >= 90 && code <= 97) style.set('colour', `ansi-${COLOURS[code - 90]}`)
    else if (code === 39) style.delete('colour')
  }
  return style
}
