// Who asks: found out at the start, and again when the server refuses to answer somebody it does not know.

import { ask, askJson, onUnauthorized } from './http'
import { type Identity, identity, loginNeeded, tenantNeeded } from './identity'

export type Way = 'basic' | 'token' | 'oidc' | 'certificate'

export async function loginWays(signal?: AbortSignal): Promise<Way[]> {
  return (await askJson<{ data: { ways: Way[] } }>('sigyn/api/v1/login', { signal })).data.ways
}

export async function beginSession(authorization: string): Promise<void> {
  await ask('sigyn/api/v1/login', { method: 'POST', headers: { Authorization: authorization } })
}

export async function endSession(): Promise<void> {
  await ask('logout', { method: 'POST' })
  location.reload()
}

const WHOAMI = 'sigyn/api/v1/whoami'

/** Asks once, whoever many wait for it. */
let asking: Promise<void> | null = null

export function findIdentity(): Promise<void> {
  asking ??= askWho().finally(() => {
    asking = null
  })
  return asking
}

async function askWho(): Promise<void> {
  try {
    identity.value = (await askJson<{ data: Identity }>(WHOAMI)).data
  } catch {
    identity.value = null // 401 has said so below; a server that is away says so in the view
  }
}

onUnauthorized(async path => {
  if (path === WHOAMI) {
    loginNeeded.value = true
    return
  }
  if (path.startsWith('sigyn/api/v1/login')) return
  await findIdentity()
  // Somebody who is known, but has several tenants and named none.
  if (identity.value) tenantNeeded.value = true
})
