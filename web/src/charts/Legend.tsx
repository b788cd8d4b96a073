// Names, colours and sums of series. Where series can be hidden, a click shows one alone, another click all; with Shift it hides
// or shows one. A long legend is sorted as the tooltip is, by the last values. Long names stand in columns as wide as the
// longest one, where there is so much room, and are cut in narrower ones; short names follow each other.

import { Icon } from '../parts/Icon'
import { type ChartKind, highestFirst, MOST_ROWS } from './order'
import { formatValue, type Unit } from './units'

export interface LegendItem {
  name: string
  colour: string
  values: (number | null)[]
}

type Figure = 'last' | 'mean' | 'max' | 'sum'

interface Properties {
  items: LegendItem[]
  hidden?: ReadonlySet<string>
  onHide?: (hidden: Set<string>) => void
  /** Offers beside each series to ask for what is in it alone. */
  filter?: { isOn: (name: string) => boolean; toggle: (name: string) => void }
  unit?: Unit
  figures?: Figure[]
  /** that of the chart */
  kind?: ChartKind
}

/** Characters: longer names stand in columns, which are never wider than the most. */
const SHORT = 20
const WIDEST = 90

const NONE: ReadonlySet<string> = new Set()

export function Legend({ items, hidden = NONE, onHide, filter, unit, figures = [], kind = 'line' }: Properties) {
  const ordered = items.length > MOST_ROWS ? highestFirst(items, item => figureOf('last', item.values), kind) : items
  const choose = (name: string, one: boolean) => {
    const next = new Set(hidden)
    if (one) {
      if (!next.delete(name)) next.add(name)
    } else if (isAlone(items, hidden, name)) next.clear()
    else {
      next.clear()
      for (const item of items) if (item.name !== name) next.add(item.name)
    }
    onHide?.(next)
  }
  const longest = items.reduce((most, item) => Math.max(most, item.name.length), 0)
  return (
    <ul
      class={`legend${longest > SHORT ? ' legend-columns' : ''}`}
      style={{ '--characters': Math.min(longest, WIDEST), '--figures': figures.length }}
    >
      {ordered.map(item => (
        <li key={item.name}>
          {onHide ? (
            <button
              type="button"
              aria-pressed={!hidden.has(item.name)}
              title={`${item.name} — click to show it alone, Shift-click to hide it`}
              onClick={event => choose(item.name, event.shiftKey)}
            >
              <Item item={item} unit={unit} figures={figures} />
            </button>
          ) : (
            <span class="legend-item" title={item.name}>
              <Item item={item} unit={unit} figures={figures} />
            </span>
          )}
          {filter && (
            <button
              type="button"
              class="legend-filter"
              aria-pressed={filter.isOn(item.name)}
              aria-label={`Filter for ${item.name}`}
              title={`Filter for ${item.name}: in the query, so that the lines are those alone`}
              onClick={() => filter.toggle(item.name)}
            >
              <Icon name="filter" />
            </button>
          )}
        </li>
      ))}
    </ul>
  )
}

function Item({ item, unit, figures }: { item: LegendItem; unit?: Unit; figures: readonly Figure[] }) {
  return (
    <>
      <i style={{ background: item.colour.startsWith('--') ? `var(${item.colour})` : item.colour }} />
      <span class="legend-name">{item.name}</span>
      {figures.length > 0 && (
        <span class="legend-figures">
          {figures.map(figure => (
            <span key={figure} class="legend-figure">
              <small>{figure}</small> {formatValue(figureOf(figure, item.values), unit)}
            </span>
          ))}
        </span>
      )}
    </>
  )
}

function isAlone(items: readonly LegendItem[], hidden: ReadonlySet<string>, name: string): boolean {
  return items.length > 1 && !hidden.has(name) && hidden.size === items.length - 1
}

function figureOf(figure: Figure, values: readonly (number | null)[]): number | null {
  const numbers = values.filter(value => value !== null)
  if (!numbers.length) return null
  switch (figure) {
    case 'last':
      return numbers.at(-1)!
    case 'max':
      return numbers.reduce((a, b) => Math.max(a, b))
    case 'sum':
      return numbers.reduce((a, b) => a + b, 0)
    default:
      return numbers.reduce((a, b) => a + b, 0) / numbers.length
  }
}
