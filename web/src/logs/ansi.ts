// Colour codes of terminals as classes. Codes that mean nothing here, such as titles, are left out of the text.

export interface Span {
  text: string
  classes: string
}

const SEQUENCE = /\x1b\[([0-9;:<=>?]*)[ -/]*([@-~])|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)/g
const COLOURS = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white']

export function hasAnsi(text: string): boolean {
  return text.includes('\x1b[') || text.includes('\x1b]')
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

const STYLES: Record<number, string> = { 1: 'bold', 2: 'dim', 3: 'italic', 4: 'underline', 7: 'inverse' }
const ENDS: Record<number, readonly string[]> = {
  22: ['bold', 'dim'],
  23: ['italic'],
  24: ['underline'],
  27: ['inverse'],
  39: ['colour'],
  49: ['ground'],
}

function applied(before: ReadonlyMap<string, string>, codes: string): Map<string, string> {
  const style = new Map(before)
  const colour = (place: 'colour' | 'ground', of: number | undefined) => {
    const name = of === undefined ? undefined : COLOURS[of]
    if (name) style.set(place, `ansi-${place === 'ground' ? 'on-' : ''}${name}`)
    else style.delete(place)
  }
  const numbers = codes.split(/[;:]/).map(Number)
  for (let at = 0; at < numbers.length; at += 1) {
    const code = numbers[at]!
    const tens = Math.floor(code / 10)
    if (code === 0) style.clear()
    else if (STYLES[code]) style.set(STYLES[code], `ansi-${STYLES[code]}`)
    else if (ENDS[code]) for (const name of ENDS[code]) style.delete(name)
    else if (code === 38 || code === 48) {
      // Of 256 colours the first 16 have names here; any other is the text's own.
      const indexed = numbers[at + 1] === 5 ? numbers[at + 2] : undefined
      colour(code === 38 ? 'colour' : 'ground', indexed !== undefined && indexed < 16 ? indexed % 8 : undefined)
      at += numbers[at + 1] === 5 ? 2 : 4
    } else if (tens === 3 || tens === 9) colour('colour', code % 10)
    else if (tens === 4 || tens === 10) colour('ground', code % 10)
  }
  return style
}
