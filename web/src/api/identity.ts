// Who the server takes this person for, and what they may do.

import { signal } from '@preact/signals'

export interface Identity {
  name: string
  /** how it was proved: `basic`, `token`, `oidc`, `certificate`, or `none` where nobody has to */
  method: string
  scopes: string[]
  /** `*` is every tenant */
  tenants: string[]
}

/** Null until the server said it. */
export const identity = signal<Identity | null>(null)

/** The server does not know who asks. */
export const loginNeeded = signal(false)

/** It does, but not for which tenant. */
export const tenantNeeded = signal(false)

/** Whether somebody may do what needs a scope; what is not known yet is not held back here but by the server. */
export function may(scope: string): boolean {
  return identity.value === null || identity.value.scopes.includes(scope)
}

/** Why a button does nothing; nothing when it does. */
export function whyNot(scope: string): string | undefined {
  return may(scope) ? undefined : `${identity.value!.name} may not do this: it needs the scope ${scope}`
}
