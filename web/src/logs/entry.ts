// Log entries as the page holds them: flat, sorted, with what each line needs computed once.

import { flatFields, jsonValue, readableFields } from './json'

export type Labels = Record<string, string>

export interface Entry {
  /** ns since 1970, 19 digits */
  timestamp: string
  /** ms since 1970 */
  moment: number
  line: string
  /** labels of the stream, shared by its entries */
  stream: Labels
  metadata: Labels
  parsed: Labels
  level: string
}

type Value = [string, string, { structuredMetadata?: Labels; parsed?: Labels }?]

export interface StreamsResult {
  stream: Labels
  values: Value[]
}

const NONE: Labels = {}

/** Entries of all streams in one order; the server's order within a stream is kept where timestamps are equal. */
export function entriesOf(streams: readonly StreamsResult[], direction: 'backward' | 'forward'): Entry[] {
  const entries: Entry[] = []
  for (const { stream, values } of streams) {
    for (const [timestamp, line, extra] of values) {
      const metadata = extra?.structuredMetadata ?? NONE
      const parsed = extra?.parsed ?? NONE
      const level = metadata.detected_level ?? stream.detected_level ?? parsed.level ?? stream.level ?? 'unknown'
      entries.push({ timestamp, moment: Number(timestamp.slice(0, -6)), line, stream, metadata, parsed, level })
    }
  }
  const sign = direction === 'forward' ? 1 : -1
  return entries.sort((a, b) => (a.timestamp < b.timestamp ? -sign : a.timestamp > b.timestamp ? sign : 0))
}

/** Whether two answers speak of one entry: stages may have dropped labels of one, or made new ones. */
export function sameEntry(a: Entry, b: Entry): boolean {
  return a.timestamp === b.timestamp && a.line === b.line && agree(a.stream, b.stream)
}

function agree(a: Labels, b: Labels): boolean {
  return Object.keys(a).every(name => b[name] === undefined || b[name] === a[name])
}

export function selectorText(labels: Labels): string {
  const names = Object.keys(labels).sort()
  return `{${names.map(name => `${name}=${JSON.stringify(labels[name])}`).join(', ')}}`
}

/** A field of an entry, wherever it comes from. */
export function fieldOf(entry: Entry, name: string): string | undefined {
  return entry.parsed[name] ?? entry.metadata[name] ?? entry.stream[name] ?? jsonFields(entry)?.[name]
}

/** Fields of a line that is a JSON object, flattened as `| json` does; null for any other line. */
export const jsonFields = remembered(flatFields)

/** The same with its lists, as JSON. */
export const jsonToRead = remembered(readableFields)

function remembered(fieldsOf: (value: object) => Labels): (entry: Entry) => Labels | null {
  const known = new WeakMap<Entry, Labels | null>()
  return entry => {
    const before = known.get(entry)
    if (before !== undefined) return before
    const value = jsonValue(entry.line)
    const fields = value && fieldsOf(value)
    known.set(entry, fields)
    return fields
  }
}
