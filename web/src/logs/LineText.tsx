// The text of a line: as it came, as fields that are easy to read, or as JSON over several lines.

import { Fragment } from 'preact'
import { countOf } from '../charts/units'
import type { LineForm } from '../explore/address'
import { ansiSpans, hasAnsi } from './ansi'
import { type Entry, jsonToRead } from './entry'
import { jsonValue, prettyJson } from './json'
import { type Marker, piecesOf } from './marking'
import { Visible } from './Visible'

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
  const fields = form === 'raw' ? null : jsonToRead(entry)
  if (fields && form === 'pretty') return <Beginning text={prettyJson(jsonValue(entry.line)!)} marker={marker} />
  if (fields && hasMore(fields)) return <ReadableFields fields={fields} marker={marker} />
  const end = folded ? entry.line.indexOf('\n') : -1
  return (
    <>
      <Beginning text={end >= 0 ? entry.line.slice(0, end) : entry.line} marker={marker} />
      {end >= 0 && <span class="fold-mark">+{countOf(countLines(entry.line), 'line')}</span>}
    </>
  )
}

/** Of a line in a list; the details show all of it. Browsers need seconds to lay out lines of 200 kB. */
export const MOST_CHARACTERS = 4000
const MOST_OF_A_FIELD = 500
const MOST_FIELDS = 60

function Beginning({ text, marker }: { text: string; marker: Marker }) {
  const shown = beginning(text, MOST_CHARACTERS)
  return (
    <>
      {hasAnsi(shown) ? <Coloured text={shown} marker={marker} /> : <Marked text={shown} marker={marker} />}
      {shown.length < text.length && <span class="fold-mark">+{countOf(text.length - shown.length, 'character')}</span>}
    </>
  )
}

export function beginning(text: string, most: number): string {
  // Not between the two halves of a character.
  return text.length <= most ? text : text.slice(0, most).replace(/[\ud800-\udbff]$/, '')
}

/** Whether fields say anything besides what the row shows in columns of its own; where none does, the line says it. */
function hasMore(fields: Record<string, string>): boolean {
  return Object.keys(fields).some(name => !LEFT_OUT.has(name))
}

function ReadableFields({ fields, marker }: { fields: Record<string, string>; marker: Marker }) {
  const message = MESSAGE.find(name => fields[name])
  const all = Object.entries(fields).filter(([name]) => name !== message && !LEFT_OUT.has(name))
  const rest = all.slice(0, MOST_FIELDS)
  return (
    <>
      {message && <Beginning text={firstLine(fields[message]!)} marker={marker} />}
      {rest.map(([name, value], at) => (
        // The space is for copies of the line, and for where it wraps.
        <Fragment key={name}>
          {(message || at > 0) && ' '}
          <span class="line-field">
            <span class="line-field-name">{name}=</span>
            <Marked text={firstLine(value, MOST_OF_A_FIELD)} marker={marker} />
          </span>
        </Fragment>
      ))}
      {rest.length < all.length && <span class="fold-mark">+{countOf(all.length - rest.length, 'field')}</span>}
    </>
  )
}

function firstLine(text: string, most = Number.POSITIVE_INFINITY): string {
  const end = text.indexOf('\n')
  const line = beginning(end < 0 ? text : text.slice(0, end), most)
  return line.length < text.length ? `${line} …` : line
}

export function Marked({ text, marker }: { text: string; marker: Marker }) {
  if (!marker) return <Visible text={text} />
  return (
    <>
      {piecesOf(text, marker).map((piece, at) =>
        piece.marked ? (
          <mark key={at}>
            <Visible text={piece.text} />
          </mark>
        ) : (
          <Visible key={at} text={piece.text} />
        ),
      )}
    </>
  )
}

export function Coloured({ text, marker }: { text: string; marker: Marker }) {
  return (
    <>
      {ansiSpans(text).map((span, at) => (
        <span key={at} class={span.classes} style={span.style}>
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
