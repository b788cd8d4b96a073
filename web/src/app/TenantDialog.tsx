import { useState } from 'preact/hooks'
import { setTenant, tenant } from '../api/tenant'
import { Dialog } from '../parts/Dialog'

export function TenantDialog({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState(tenant.value)
  const save = (event: Event) => {
    event.preventDefault()
    setTenant(name.trim())
    onClose()
    location.reload()
  }
  return (
    <Dialog title="Tenant" onClose={onClose}>
      <form class="stacked-form" onSubmit={save}>
        <p class="hint">
          With <code>server.auth_enabled</code> every request names its tenant in <code>X-Scope-OrgID</code>. A proxy
          that people log in to usually does that; without one, write the tenant here. It is kept in this browser.
        </p>
        <label>
          Tenant
          <input value={name} onInput={event => setName(event.currentTarget.value)} placeholder="none" />
        </label>
        <button type="submit" class="button primary">
          Use
        </button>
      </form>
    </Dialog>
  )
}
