// The text of a line: as it came, as fields that are easy to read, or as JSON over several lines.

import { Fragment } from 'preact'
import type { LineForm } from '../explore/address'
import { ansiSpans, hasAnsi } from './ansi'
import { type Entry, jsonFields } from './entry'
import { jsonValue, prettyJson } from './json'
import { type Marker, piecesOf } from './marking'

interface Properties {
  entry: Entry
  form: LineForm
  marker: Marker
  folded: boolean
}

const MESSAGE = ['message', 'msg', 'event', 'body', 'log']
const LEFT_OUT = new Set([
  'timestamp',
  'time',
  'ts',
  '@timestamp',
  'level',
  'severity',
  'lvl',
  'service',
  'trace_id',
  'span_id',
])

export function LineText({ entry, form, marker, folded }: Properties) {
  const fields = form === 'raw' ? null : jsonFields(entry)
  if (fields && form === 'pretty') return <Marked text={prettyJson(jsonValue(entry.line)!)} marker={marker} />
  if (fields) return <ReadableFields fields={fields} marker={marker} />
  const end = folded ? entry.line.indexOf('\n') : -1
  const text = end >= 0 ? entry.line.slice(0, end) : entry.line
  return (
    <>
      {hasAnsi(text) ? <Coloured text={text} marker={marker} /> : <Marked text={text} marker={marker} />}
      {end >= 0 && <span class="fold-mark">+{countLines(entry.line)} lines</span>}
    </>
  )
}

function ReadableFields({ fields, marker }: { fields: Record<string, string>; marker: Marker }) {
  const message = MESSAGE.find(name => fields[name])
  const rest = Object.entries(fields).filter(([name]) => name !== message && !LEFT_OUT.has(name))
  return (
    <>
      {message && <Marked text={firstLine(fields[message]!)} marker={marker} />}
      {rest.map(([name, value], at) => (
        // The space is for copies of the line, and for where it wraps.
        <Fragment key={name}>
          {(message || at > 0) && ' '}
          <span class="line-field">
            <span class="line-field-name">{name}=</span>
            <Marked text={firstLine(value)} marker={marker} />
          </span>
        </Fragment>
      ))}
    </>
  )
}

function firstLine(text: string): string {
  const end = text.indexOf('\n')
  return end < 0 ? text : `${text.slice(0, end)} …`
}

export function Marked({ text, marker }: { text: string; marker: Marker }) {
  if (!marker) return <>{text}</>
  return (
    <>{piecesOf(text, marker).map((piece, at) => (piece.marked ? <mark key={at}>{piece.text}</mark> : piece.text))}</>
  )
}

export function Coloured({ text, marker }: { text: string; marker: Marker }) {
  return (
    <>
      {ansiSpans(text).map((span, at) => (
        <span key={at} class={span.classes}>
          <Marked text={span.text} marker={marker} />
        </span>
      ))}
    </>
  )
}

function countLines(text: string): number {
  let count = 0
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count += 1
  return count
}
