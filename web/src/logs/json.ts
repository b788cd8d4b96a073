// Lines that are JSON objects. Numbers keep the digits that they were written with: JavaScript's own have room for
// 16 of them, and an id that is shown with others in the last places finds nothing when it is filtered for.

const EXACT = '\ue000' // of the private use area: stands before a number that is kept as its text
const MAY_LOSE = /\d{16}|\d\.\d*0(?!\d)|\.\d{15}|\d[eE]|-0/
const STRINGS_AND_NUMBERS = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g
const KEPT = new RegExp(`"${EXACT}(-?\\d[\\d.eE+-]*)"`, 'g')

/** The object that a line is; null for any other line. */
export function jsonValue(line: string): object | null {
  if (!line.trimStart().startsWith('{')) return null
  try {
    return JSON.parse(MAY_LOSE.test(line) ? line.replace(STRINGS_AND_NUMBERS, kept) : line) as object
  } catch {
    return null
  }
}

/** An object of `jsonValue` over several lines. */
export function prettyJson(value: object): string {
  return JSON.stringify(value, null, 2).replace(KEPT, '$1')
}

/** Its fields by the names that `| json` gives them; lists and nulls are none. */
export function flatFields(value: object): Record<string, string> {
  return collected(value, false)
}

/** The same for whoever reads the line: lists are fields too, as JSON. */
export function readableFields(value: object): Record<string, string> {
  return collected(value, true)
}

function collected(value: object, lists: boolean, prefix = '', into: Record<string, string> = {}) {
  for (const [name, each] of Object.entries(value)) {
    if (each === null) continue
    const path = (prefix ? `${prefix}_${name}` : name).replace(/[^A-Za-z0-9_]/g, '_')
    if (Array.isArray(each)) {
      if (lists) into[path] = JSON.stringify(each).replace(KEPT, '$1')
    } else if (typeof each === 'object') collected(each, lists, path, into)
    else into[path] = String(each).replace(EXACT, '')
  }
  return into
}

function kept(text: string): string {
  return text.startsWith('"') || String(Number(text)) === text ? text : `"${EXACT}${text}"`
}
