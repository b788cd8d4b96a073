// What a line opens to: all of it, its labels and fields, and what to do with each.

import { link } from '../app/router'
import { countOf } from '../charts/units'
import type { Operator, Origin } from '../logql/edit'
import { copyText } from '../parts/clipboard'
import { Icon } from '../parts/Icon'
import { formatNanoseconds } from '../time/format'
import { hasAnsi, withoutAnsi } from './ansi'
import type { Entry } from './entry'
import { type Field, fieldGroups, traceOf } from './fields'
import { jsonValue, prettyJson } from './json'
import { beginning, Coloured, Marked, MOST_CHARACTERS } from './LineText'
import type { Marker } from './marking'
import { Visible } from './Visible'

export interface LineActions {
  onFilter: (origin: Origin, name: string, operator: Operator, value: string) => void
  onStatistics?: (field: Field) => void
  onColumn: (name: string) => void
  onContext?: (entry: Entry) => void
  isFiltered: (name: string, operator: Operator, value: string) => boolean
}

interface Properties {
  entry: Entry
  marker: Marker
  columns: string[]
  actions: LineActions
}

export function LineDetails({ entry, marker, columns, actions }: Properties) {
  const json = jsonValue(entry.line)
  const trace = traceOf(entry)
  return (
    <section class="line-details" aria-label="Details of the line">
      <div class="line-tools">
        <time class="line-moment">{formatNanoseconds(entry.timestamp)}</time>
        <button type="button" class="button small" onClick={() => copyText(withoutAnsi(entry.line), 'Line copied')}>
          <Icon name="copy" /> Copy line
        </button>
        <button
          type="button"
          class="button small"
          onClick={() => copyText(JSON.stringify(everything(entry), null, 2), 'Entry copied as JSON')}
        >
          <Icon name="braces" /> Copy as JSON
        </button>
        {actions.onContext && (
          <button type="button" class="button small" onClick={() => actions.onContext?.(entry)}>
            <Icon name="context" /> Context
          </button>
        )}
        {trace && (
          <a
            class="button small accent"
            href={link('traces', {
              id: trace,
              from: String(entry.moment - 1_800_000),
              to: String(entry.moment + 1_800_000),
            })}
          >
            <Icon name="trace" /> Trace {trace.slice(0, 8)}
          </a>
        )}
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <pre class="line-whole" tabIndex={0}>
        {json ? (
          <Marked text={prettyJson(json).replace(/\\n/g, '\n    ')} marker={marker} />
        ) : hasAnsi(entry.line) ? (
          <Coloured text={entry.line} marker={marker} />
        ) : (
          <Marked text={entry.line} marker={marker} />
        )}
      </pre>
      <div class="field-groups">
        {fieldGroups(entry).map(group => (
          <section key={group.title}>
            <h3>{group.title}</h3>
            <table class="field-table">
              <tbody>
                {group.fields.map(field => (
                  <FieldRow key={field.name} field={field} columns={columns} actions={actions} />
                ))}
              </tbody>
            </table>
          </section>
        ))}
      </div>
    </section>
  )
}

function FieldRow({ field, columns, actions }: { field: Field; columns: string[]; actions: LineActions }) {
  const { name, value, origin } = field
  const isColumn = columns.includes(name)
  const shown = beginning(value, MOST_CHARACTERS)
  const tool = (icon: 'plus' | 'minus', operator: Operator, text: string) => (
    <button
      type="button"
      class="icon-button"
      aria-pressed={actions.isFiltered(name, operator, value)}
      aria-label={`${text} ${name}`}
      title={`${text} ${name}${operator}${value.slice(0, 80)}`}
      onClick={() => actions.onFilter(origin, name, operator, value)}
    >
      <Icon name={icon} />
    </button>
  )
  return (
    <tr>
      <td class="field-tools">
        {/* A key "" of JSON gives a field that no query can name. */}
        {name && tool('plus', '=', 'Filter for')}
        {name && tool('minus', '!=', 'Filter out')}
        {name && actions.onStatistics && (
          <button
            type="button"
            class="icon-button"
            aria-label={`Statistics of ${name}`}
            title={`Statistics of ${name}`}
            onClick={() => actions.onStatistics?.(field)}
          >
            <Icon name="bars" />
          </button>
        )}
        {name && (
          <button
            type="button"
            class="icon-button"
            aria-pressed={isColumn}
            aria-label={`Show ${name} as a column`}
            title={isColumn ? `Hide the column ${name}` : `Show ${name} as a column`}
            onClick={() => actions.onColumn(name)}
          >
            <Icon name="columns" />
          </button>
        )}
      </td>
      <th scope="row">
        <span class="field-name-whole">{name}</span>
      </th>
      <td class="field-value">
        <Visible text={shown} />
        {shown.length < value.length && (
          <span class="fold-mark">+{countOf(value.length - shown.length, 'character')}</span>
        )}
      </td>
    </tr>
  )
}

function everything(entry: Entry): object {
  return {
    timestamp: entry.timestamp,
    line: entry.line,
    labels: entry.stream,
    structuredMetadata: entry.metadata,
    parsed: entry.parsed,
  }
}
