// Where the page is: `#/logs?q=...`. All state that can be shared is in it, and none of it reaches the server's log.
// The tenant that the tab has chosen is in it too, and is no parameter of any view: whoever is sent the address must not
// see another tenant's data.

import { signal } from '@preact/signals'
import { takeTenant, tenant } from '../api/tenant'

const TENANT = 'tenant'

export interface Place {
  view: string
  parameters: URLSearchParams
}

const first = read()
takeTenant(first.tenant)
export const place = signal<Place>(first.place)

addEventListener('hashchange', () => {
  const now = arrive()
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
  const all = new URLSearchParams(at.parameters)
  if (tenant.value) all.set(TENANT, tenant.value)
  const parameters = all.toString()
  return `#/${at.view}${parameters ? `?${parameters}` : ''}`
}

/** Where the address leads now. Nothing that is shown may stay when it is another tenant's. */
function arrive(): Place {
  const now = read()
  if (takeTenant(now.tenant)) location.reload()
  return now.place
}

function read(): { place: Place; tenant: string } {
  const hash = location.hash.replace(/^#\/?/, '')
  const mark = hash.indexOf('?')
  const view = mark < 0 ? hash : hash.slice(0, mark)
  const parameters = new URLSearchParams(mark < 0 ? '' : hash.slice(mark + 1))
  const named = parameters.get(TENANT) ?? ''
  parameters.delete(TENANT)
  return { place: { view: view || 'logs', parameters }, tenant: named }
}

addEventListener('popstate', () => {
  place.value = arrive()
})
