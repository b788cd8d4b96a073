// The tenant that requests speak for, where the server asks for one and no proxy in front names it. Each tab has its own:
// a tab that is loaded again must not show what another one chose meanwhile.

import { signal } from '@preact/signals'
import { rememberedHere, rememberHere } from '../app/memory'

export const tenant = signal<string>(rememberedHere('tenant', ''))

export function setTenant(name: string): void {
  tenant.value = name
  rememberHere('tenant', name)
}
