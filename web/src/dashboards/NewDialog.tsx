// A dashboard of one's own: it begins with a title and no panels.

import { useState } from 'preact/hooks'
import { importDashboard } from '../api/sigyn'
import { Dialog } from '../parts/Dialog'
import { Failure } from '../parts/Empty'
import { useWork } from '../parts/useWork'
import { newDashboard } from './edit'

interface Properties {
  /** uids that there are, none of which may be written over */
  taken: readonly string[]
  onClose: () => void
  onDone: (uid: string) => void
}

export function NewDialog({ taken, onClose, onDone }: Properties) {
  const [title, setTitle] = useState('')
  const { busy, error, run } = useWork()
  const save = (event: Event) => {
    event.preventDefault()
    run(async () => onDone(await importDashboard(JSON.stringify(newDashboard(title.trim(), taken)))))
  }
  return (
    <Dialog title="New dashboard" onClose={onClose}>
      <form class="stacked-form" onSubmit={save}>
        <label>
          Title
          <input value={title} onInput={event => setTitle(event.currentTarget.value)} />
        </label>
        {error && <Failure message={error} />}
        <button type="submit" class="button primary" disabled={busy || !title.trim()}>
          Create
        </button>
      </form>
    </Dialog>
  )
}
