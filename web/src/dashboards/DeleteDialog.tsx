// Asks before a dashboard is deleted: it is everybody's, and nothing brings it back.

import { deleteDashboard } from '../api/sigyn'
import { Dialog } from '../parts/Dialog'
import { Failure } from '../parts/Empty'
import { useWork } from '../parts/useWork'
import type { Dashboard } from './model'

interface Properties {
  dashboard: Dashboard
  onClose: () => void
  onDone: () => void
}

export function DeleteDialog({ dashboard, onClose, onDone }: Properties) {
  const { busy, error, run } = useWork()
  const remove = async () => {
    await deleteDashboard(dashboard.uid)
    onDone()
  }
  return (
    <Dialog title={`Delete ${dashboard.title}?`} onClose={onClose}>
      <div class="stacked-form">
        <p>It is gone for everybody who uses this tenant. Export keeps a copy that can be imported again.</p>
        {error && <Failure message={error} />}
        <p class="choice-buttons">
          <button type="button" class="button" onClick={onClose}>
            Keep it
          </button>
          <button type="button" class="button danger" disabled={busy} onClick={() => run(remove)}>
            Delete it
          </button>
        </p>
      </div>
    </Dialog>
  )
}
