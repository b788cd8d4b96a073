// The tenant that requests speak for, where the server asks for one and no proxy in front names it.

import { signal } from '@preact/signals'
import { remember, remembered } from '../app/memory'

export const tenant = signal<string>(remembered('tenant', ''))

export function setTenant(name: string): void {
  tenant.value = name
  remember('tenant', name)
}
