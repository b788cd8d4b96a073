// Who the server takes this person for, and the tenant that requests speak for.

import { useState } from 'preact/hooks'
import { identity } from '../api/identity'
import { endSession } from '../api/login'
import { setTenant, tenant } from '../api/tenant'
import { Dialog } from '../parts/Dialog'
import { go, place } from './router'

export function TenantDialog({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState(tenant.value)
  const who = identity.value
  const own = who && !who.tenants.includes('*') ? who.tenants : []
  const save = (event: Event) => {
    event.preventDefault()
    setTenant(name.trim())
    onClose()
    go(place.value.view, place.value.parameters, true) // the address names the tenant, and would be taken at its word
    location.reload()
  }
  return (
    <Dialog title="You and your tenant" onClose={onClose}>
      {who && who.method !== 'none' && (
        <p class="you">
          You are <strong>{who.name}</strong> and may: {who.scopes.join(', ')}.
          {who.method !== 'certificate' && (
            <button type="button" class="button small" onClick={() => void endSession()}>
              Log out
            </button>
          )}
        </p>
      )}
      <form class="stacked-form" onSubmit={save}>
        <p class="hint">
          With <code>server.auth_enabled</code> every request names its tenant in <code>X-Scope-OrgID</code>. Who has
          one tenant only need not; a proxy may do it too. What you write here is kept in this browser.
        </p>
        <label>
          Tenant
          <input
            value={name}
            list="own-tenants"
            onInput={event => setName(event.currentTarget.value)}
            placeholder={own.length ? own.join(' or ') : 'none'}
          />
          <datalist id="own-tenants">
            {own.map(each => (
              <option key={each} value={each} />
            ))}
          </datalist>
        </label>
        <button type="submit" class="button primary">
          Use
        </button>
      </form>
    </Dialog>
  )
}
