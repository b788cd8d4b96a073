import { useState } from 'preact/hooks'
import { Dialog } from '../parts/Dialog'
import { Icon } from '../parts/Icon'
import { ago } from '../time/format'
import { clearHistory, favourites, history, toggleFavourite } from './history'

export function HistoryDialog({ onChoose, onClose }: { onChoose: (query: string) => void; onClose: () => void }) {
  const [text, setText] = useState('')
  const matches = (query: string) => query.toLowerCase().includes(text.toLowerCase())
  const times = new Map(history.value.map(past => [past.query, past.at]))
  const starred = favourites.value.filter(matches)
  const past = history.value
    .map(each => each.query)
    .filter(query => matches(query) && !favourites.value.includes(query))
  const rows = (queries: string[]) =>
    queries.map(query => (
      <li key={query}>
        <button type="button" class="past-query" onClick={() => onChoose(query)}>
          <code>{query}</code>
          <small>{times.has(query) ? ago(times.get(query)!) : ''}</small>
        </button>
        <button
          type="button"
          class="icon-button"
          aria-pressed={favourites.value.includes(query)}
          aria-label="Favourite"
          onClick={() => toggleFavourite(query)}
        >
          <Icon name="star" filled={favourites.value.includes(query)} />
        </button>
      </li>
    ))
  return (
    <Dialog title="Queries" class="wide" onClose={onClose}>
      <div class="search-box">
        <Icon name="search" />
        <input
          placeholder="Find a query"
          aria-label="Find a query"
          value={text}
          onInput={event => setText(event.currentTarget.value)}
        />
      </div>
      {starred.length > 0 && <h3>Favourites</h3>}
      <ul class="past-queries">{rows(starred)}</ul>
      <h3>
        History
        <button type="button" class="button small" onClick={clearHistory}>
          Clear
        </button>
      </h3>
      <ul class="past-queries">{rows(past)}</ul>
      {!past.length && <p class="hint">Queries that you run are kept here, in this browser.</p>}
    </Dialog>
  )
}
