// Labels and fields of what the query finds; each opens to its values, which filter by a click.

import { useState } from 'preact/hooks'
import { type DetectedField, detectedFields, detectedLabels, labelValues, runQuery } from '../api/loki'
import { formatCount } from '../charts/units'
import { hasFilter, type Origin, toggleFilter } from '../logql/edit'
import { countedQueryOf, logQueryOf, selectorOf } from '../logql/structure'
import { Icon } from '../parts/Icon'
import { useLoaded } from '../parts/useLoaded'
import { formatDuration } from '../time/duration'
import type { Pane } from './pane'

export function FieldSidebar({ pane }: { pane: Pane }) {
  const [text, setText] = useState('')
  const query = pane.state.value.query
  const range = pane.asked.value
  const key = `${selectorOf(query)} ${range.start} ${range.end}`
  const labels = useLoaded(signal => detectedLabels(range, selectorOf(query), signal), [key])
  const fields = useLoaded(
    signal => detectedFields(range, logQueryOf(query), signal),
    [logQueryOf(query), range.start, range.end],
  )
  const names = new Set(labels.value?.map(label => label.label))
  const matches = (name: string) => name.toLowerCase().includes(text.toLowerCase())
  return (
    <aside class="sidebar" aria-label="Labels and fields">
      <div class="search-box">
        <Icon name="search" />
        <input
          placeholder="Find a field"
          aria-label="Find a field"
          value={text}
          onInput={event => setText(event.currentTarget.value)}
        />
      </div>
      <h3>Labels</h3>
      <ul>
        {labels.value
          ?.filter(label => matches(label.label))
          .map(label => (
            <FieldItem
              key={label.label}
              pane={pane}
              name={label.label}
              count={label.cardinality}
              type="label"
              origin={{ kind: 'label' }}
            />
          ))}
      </ul>
      {!labels.loading && !labels.value?.length && <p class="hint">No labels in this range.</p>}
      <h3>Fields</h3>
      <ul>
        {fields.value
          // A key "" of JSON gives a field that no query can name.
          ?.filter(field => field.label && matches(field.label) && !names.has(field.label.replace(/_extracted$/, '')))
          .map(field => (
            <FieldItem
              key={field.label}
              pane={pane}
              name={field.label}
              count={field.cardinality}
              type={field.type}
              origin={originOf(field)}
            />
          ))}
      </ul>
    </aside>
  )
}

function originOf(field: DetectedField): Origin {
  const parser = field.parsers?.[0]
  return parser ? { kind: 'parsed', parser } : { kind: 'metadata' }
}

interface ItemProperties {
  pane: Pane
  name: string
  count: number
  type: string
  origin: Origin
}

const TYPE_MARKS: Record<string, string> = {
  label: 'L',
  string: 'T',
  int: '#',
  float: '#',
  duration: 's',
  bytes: 'B',
  boolean: '?',
}

function FieldItem({ pane, name, count, type, origin }: ItemProperties) {
  const [open, setOpen] = useState(false)
  const shown = pane.state.value.columns.includes(name)
  return (
    <li class="field-item">
      <div class="field-head">
        <button type="button" class="field-name" aria-expanded={open} onClick={() => setOpen(!open)}>
          <i class={`type-mark ${type === 'label' ? 'label' : ''}`} title={type}>
            {TYPE_MARKS[type] ?? 'T'}
          </i>
          <span>{name}</span>
          <small>{count}</small>
        </button>
        <button
          type="button"
          class="icon-button"
          aria-pressed={shown}
          aria-label={`Show ${name} as a column`}
          title="Show as a column"
          onClick={() => toggleColumn(pane, name)}
        >
          <Icon name="columns" />
        </button>
      </div>
      {open && <FieldValues pane={pane} name={name} origin={origin} count={count} />}
    </li>
  )
}

export function toggleColumn(pane: Pane, name: string): void {
  const { columns } = pane.state.value
  pane.change({ columns: columns.includes(name) ? columns.filter(each => each !== name) : [...columns, name] })
}

function FieldValues({
  pane,
  name,
  origin,
  count: values,
}: Pick<ItemProperties, 'pane' | 'name' | 'origin' | 'count'>) {
  const top = useLoaded(signal => topValues(pane, name, origin, signal), [pane.state.value.query, pane.asked.value])
  const most = Math.max(1, ...(top.value?.map(each => each.count) ?? []))
  const structure = pane.structure.value
  if (top.loading && !top.value) return <p class="hint">counting…</p>
  return (
    <ul class="field-values">
      {top.value?.map(({ value, count }) => (
        <li key={value}>
          <button
            type="button"
            class="value"
            aria-pressed={hasFilter(structure, name, '=', value)}
            title={`Filter for ${name}="${value}"`}
            onClick={() => pane.ask(toggleFilter(pane.draft.value, origin, name, '=', value))}
          >
            <span class="value-bar" style={{ width: `${(count / most) * 100}%` }} aria-hidden="true" />
            <span class="value-text">{value || '(empty)'}</span>
            <small>{count ? formatCount(count) : ''}</small>
          </button>
          <button
            type="button"
            class="icon-button"
            aria-label={`Filter out ${value}`}
            title={`Filter out ${name}="${value}"`}
            aria-pressed={hasFilter(structure, name, '!=', value)}
            onClick={() => pane.ask(toggleFilter(pane.draft.value, origin, name, '!=', value))}
          >
            <Icon name="minus" />
          </button>
        </li>
      ))}
      {top.value?.length === 0 && <li class="hint">no values</li>}
      {!!top.value?.length && top.value.length < values && (
        <li class="hint">
          the {top.value.length} most frequent of {formatCount(values)}
        </li>
      )}
    </ul>
  )
}

export interface ValueCount {
  value: string
  count: number
}

/** The entries of the pane's query that have the field, counted by its values over an interval of LogQL. */
export function countedBy(pane: Pane, name: string, origin: Origin, interval: string): string {
  const query = logQueryOf(pane.state.value.query) || '{}'
  const parser =
    origin.kind === 'parsed' && origin.parser && !query.includes(`| ${origin.parser}`) ? ` | ${origin.parser}` : ''
  const counted = countedQueryOf(`${query}${parser} | ${name}!=""`)
  return `sum by (${name}) (count_over_time(${counted} [${interval}]))`
}

/** The most frequent values of a field over the whole range, counted by the server. */
export async function topValues(
  pane: Pane,
  name: string,
  origin: Origin,
  signal: AbortSignal,
  most = 10,
): Promise<ValueCount[]> {
  const range = pane.asked.value
  const interval = formatDuration(Math.max(1000, Math.ceil((range.end - range.start) / 1000) * 1000))
  const query = `topk(${most}, ${countedBy(pane, name, origin, interval)})`
  const found = await runQuery({ query, range, instant: true, purpose: 'fields', signal })
  if (found.data.kind !== 'samples') return []
  const counts = found.data.samples.map(sample => ({ value: sample.labels[name] ?? '', count: sample.value }))
  if (counts.length || origin.kind !== 'label') return counts.sort((a, b) => b.count - a.count)
  const values = await labelValues(name, range, selectorOf(pane.state.value.query), signal)
  return values.slice(0, most).map(value => ({ value, count: 0 }))
}
