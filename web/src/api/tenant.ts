// The tenant that requests speak for, where the server asks for one and no proxy in front names it. Each tab has its own:
// a tab that is loaded again must not show what another one chose meanwhile.

import { signal } from '@preact/signals'
import { rememberedHere, rememberHere, rememberInTab } from '../app/memory'

/** What the server takes for names of tenants; a header with anything else can't even be sent. */
const NAMES = /^[a-zA-Z0-9!\-_.*'()|]+$/

export const tenant = signal<string>(rememberedHere('tenant', ''))

export function setTenant(name: string): void {
  tenant.value = name
  rememberHere('tenant', name)
}

/** Takes the tenant that a link names, for this tab alone; whether that is another one than before. */
export function takeTenant(name: string): boolean {
  if (name === tenant.value || !NAMES.test(name)) return false
  tenant.value = name
  rememberInTab('tenant', name)
  return true
}
