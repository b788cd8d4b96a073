// Where the page is: `#/logs?q=...`. All state that can be shared is in it, and none of it reaches the server's log.

import { signal } from '@preact/signals'

export interface Place {
  view: string
  parameters: URLSearchParams
}

export const place = signal<Place>(read())

addEventListener('hashchange', () => {
  const now = read()
  if (text(now) !== text(place.value)) place.value = now
})

/** Goes somewhere; `replace` leaves no step for the browser's back button. */
export function go(view: string, parameters: URLSearchParams | Record<string, string> = {}, replace = false): void {
  const to: Place = { view, parameters: new URLSearchParams(parameters) }
  const address = link(view, to.parameters)
  if (address === location.hash) return
  history[replace ? 'replaceState' : 'pushState'](null, '', location.pathname + location.search + address)
  place.value = to
}

export function link(view: string, parameters: URLSearchParams | Record<string, string> = {}): string {
  return text({ view, parameters: new URLSearchParams(parameters) })
}

function text(at: Place): string {
  const parameters = at.parameters.toString()
  return `#/${at.view}${parameters ? `?${parameters}` : ''}`
}

function read(): Place {
  const hash = location.hash.replace(/^#\/?/, '')
  const mark = hash.indexOf('?')
  const view = mark < 0 ? hash : hash.slice(0, mark)
  return { view: view || 'logs', parameters: new URLSearchParams(mark < 0 ? '' : hash.slice(mark + 1)) }
}

addEventListener('popstate', () => {
  place.value = read()
})
