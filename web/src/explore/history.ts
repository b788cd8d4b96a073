// Queries that were run, and those that were starred. Kept in this browser alone.

import { signal } from '@preact/signals'
import { onRemembered, remember, remembered } from '../app/memory'

export interface PastQuery {
  query: string
  at: number
}

const MOST = 200

export const history = signal<PastQuery[]>(remembered('history', []))
export const favourites = signal<string[]>(remembered('favourites', []))

// Or the tab that writes last would forget what others noted.
onRemembered('history', () => {
  history.value = remembered('history', [])
})
onRemembered('favourites', () => {
  favourites.value = remembered('favourites', [])
})

export function noteQuery(query: string): void {
  if (history.value[0]?.query === query) return
  history.value = [{ query, at: Date.now() }, ...history.value.filter(past => past.query !== query)].slice(0, MOST)
  remember('history', history.value)
}

export function toggleFavourite(query: string): void {
  favourites.value = favourites.value.includes(query)
    ? favourites.value.filter(each => each !== query)
    : [query, ...favourites.value]
  remember('favourites', favourites.value)
}

export function clearHistory(): void {
  history.value = []
  remember('history', [])
}
