// Everything that is known of an entry besides its line, with where it comes from.

import type { Origin } from '../logql/edit'
import { type Entry, jsonFields, type Labels } from './entry'

export interface Field {
  name: string
  value: string
  origin: Origin
}

export interface FieldGroup {
  title: string
  fields: Field[]
}

const LOGFMT = /(?:^|\s)([A-Za-z_][\w.]*)=("(?:[^"\\]|\\.)*"|[^\s"]+)/g

export function fieldGroups(entry: Entry): FieldGroup[] {
  const [parser, found] = lineFields(entry)
  const parsed = { ...found, ...entry.parsed }
  return [
    { title: 'Labels', fields: fieldsFrom(entry.stream, { kind: 'label' }) },
    { title: 'Structured metadata', fields: fieldsFrom(entry.metadata, { kind: 'metadata' }) },
    { title: 'Fields', fields: fieldsFrom(parsed, { kind: 'parsed', parser }) },
  ].filter(group => group.fields.length > 0)
}

function lineFields(entry: Entry): [string | null, Labels] {
  const json = jsonFields(entry)
  if (json) return ['json', json]
  const pairs: Labels = {}
  for (const [, name, value] of entry.line.matchAll(LOGFMT)) {
    pairs[name!.replace(/\./g, '_')] = value!.startsWith('"') ? value!.slice(1, -1).replace(/\\(["\\])/g, '$1') : value!
  }
  return Object.keys(pairs).length > 1 ? ['logfmt', pairs] : [null, {}]
}

function fieldsFrom(labels: Labels, origin: Origin): Field[] {
  return Object.keys(labels)
    .sort()
    .map(name => ({ name, value: labels[name]!, origin }))
}

const TRACE_NAMES = /^(trace_?id|traceID)$/i

export function traceOf(entry: Entry): string | null {
  for (const { fields } of fieldGroups(entry)) {
    const found = fields.find(field => TRACE_NAMES.test(field.name) && field.value)
    if (found) return found.value
  }
  return /\btrace(?:_?id)?[=:]"?([0-9a-f]{16,32})\b/i.exec(entry.line)?.[1] ?? null
}
