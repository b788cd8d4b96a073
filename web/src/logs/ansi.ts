// Colour codes of terminals as classes, and colours without a name as numbers; the style sheet makes both readable in
// either theme. Codes that mean nothing here, such as titles, are left out of the text.

export interface Span {
  text: string
  classes: string
  /** of colours without a name: custom properties that hold `rgb(…)`, made of numbers alone */
  style?: Record<string, string>
}

const SEQUENCE = /\x1b\[([0-9;:<=>?]*)[ -/]*([@-~])|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)/g
const COLOURS = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white']

export function hasAnsi(text: string): boolean {
  return text.includes('\x1b[') || text.includes('\x1b]')
}

export function withoutAnsi(text: string): string {
  return hasAnsi(text) ? text.replace(SEQUENCE, '') : text
}

type Place = 'colour' | 'ground'
type Rgb = readonly [number, number, number]

interface Style {
  name: string
  rgb?: Rgb
}

type Styles = ReadonlyMap<string, Style>

export function ansiSpans(text: string): Span[] {
  const spans: Span[] = []
  let styles: Styles = new Map()
  let at = 0
  const push = (to: number) => {
    if (to > at) spans.push(spanOf(text.slice(at, to), styles))
  }
  for (const match of text.matchAll(SEQUENCE)) {
    push(match.index)
    at = match.index + match[0].length
    // Those with a mark in front set keyboards, not colours.
    if (match[2] === 'm' && !/^[<=>?]/.test(match[1]!)) styles = applied(styles, match[1]!)
  }
  push(text.length)
  return spans
}

function spanOf(text: string, styles: Styles): Span {
  const classes = [...styles.values()].map(style => style.name).join(' ')
  const coloured = [...styles].filter(([, { rgb }]) => rgb)
  if (!coloured.length) return { text, classes }
  const style = Object.fromEntries(coloured.map(([place, { rgb }]) => [`--ansi-${place}`, `rgb(${rgb!.join(' ')})`]))
  return { text, classes, style }
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

/** Codes that a colour follows, by number or by its parts; that of underlines is read and not shown. */
const EXTENDED: Record<number, Place | null> = { 38: 'colour', 48: 'ground', 58: null }

function applied(before: Styles, codes: string): Styles {
  const styles = new Map(before)
  const put = (place: Place, style: Style | undefined) => {
    if (style) styles.set(place, style)
    else styles.delete(place)
  }
  // `38;5;n` is three codes; `38:5:n` is one with what belongs to it.
  const parts = codes.split(';')
  for (let at = 0; at < parts.length; at += 1) {
    const [code = 0, ...own] = parts[at]!.split(':').map(Number)
    const tens = Math.floor(code / 10)
    const place = EXTENDED[code]
    if (code === 0) styles.clear()
    else if (place !== undefined) {
      const taken = own.length ? own : parts.slice(at + 1, at + 5).map(Number)
      if (!own.length) at += taken[0] === 5 ? 2 : 4
      if (place) put(place, extended(place, taken))
    } else if (code === 4 && own[0] === 0) styles.delete('underline')
    else if (STYLES[code]) styles.set(STYLES[code], { name: `ansi-${STYLES[code]}` })
    else if (ENDS[code]) for (const name of ENDS[code]) styles.delete(name)
    else if (tens === 3 || tens === 9) put('colour', named('colour', code % 10))
    else if (tens === 4 || tens === 10) put('ground', named('ground', code % 10))
  }
  return styles
}

function named(place: Place, of: number): Style | undefined {
  const name = COLOURS[of]
  return name ? { name: `ansi-${place === 'ground' ? 'on-' : ''}${name}` } : undefined
}

/** A colour by what follows its code; none, for the text's own, where that is no colour. */
function extended(place: Place, [kind, ...numbers]: readonly number[]): Style | undefined {
  // With colons, a space of colours may stand before the three: `38:2::r:g:b`.
  const rgb = kind === 5 ? numbers.slice(0, 1) : kind === 2 ? numbers.slice(numbers.length > 3 ? 1 : 0).slice(0, 3) : []
  if (!rgb.length || rgb.some(each => !(each >= 0 && each <= 255 && Number.isInteger(each)))) return
  if (kind === 5 && rgb[0]! < 16) return named(place, rgb[0]! % 8)
  const shown = kind === 5 ? ofPalette(rgb[0]!) : rgb.length === 3 ? (rgb as unknown as Rgb) : undefined
  return shown && { name: place === 'ground' ? 'ansi-on-any' : 'ansi-any', rgb: shown }
}

/** Of 256 colours those from 16 on: a cube of 6 by 6 by 6, and 24 greys. */
function ofPalette(index: number): Rgb {
  if (index >= 232) {
    const grey = 8 + (index - 232) * 10
    return [grey, grey, grey]
  }
  const level = (share: number) => (share % 6 ? 55 + (share % 6) * 40 : 0)
  const cube = index - 16
  return [level(Math.floor(cube / 36)), level(Math.floor(cube / 6)), level(cube)]
}
