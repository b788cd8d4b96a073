// The time zone that moments are written and read in: the browser's, or UTC, in which servers and colleagues elsewhere speak.

import { signal } from '@preact/signals'
import { remember, remembered } from '../app/memory'

export type Zone = 'local' | 'utc'

export const zone = signal<Zone>(remembered<Zone>('zone', 'local'))

export function setZone(chosen: Zone): void {
  zone.value = chosen
  remember('zone', chosen)
}

/** What is added to UTC, in ms. */
export function zoneOffset(moment: number): number {
  return zone.value === 'utc' ? 0 : -60_000 * new Date(moment).getTimezoneOffset()
}

/** `Asia/Kolkata`, as the browser calls its zone. */
export function localZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone
}
