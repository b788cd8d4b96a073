import { useState } from 'preact/hooks'
import { ApiError } from '../api/http'
import { importDashboard } from '../api/sigyn'
import { Dialog } from '../parts/Dialog'
import { Failure } from '../parts/Empty'

interface Properties {
  title: string
  text: string
  onClose: () => void
  onDone: (uid: string) => void
}

export function ImportDialog({ title, text: initial, onClose, onDone }: Properties) {
  const [text, setText] = useState(initial)
  const [error, setError] = useState('')
  const save = async (event: Event) => {
    event.preventDefault()
    try {
      onDone(await importDashboard(text))
    } catch (failure) {
      setError(failure instanceof ApiError ? failure.message : String(failure))
    }
  }
  return (
    <Dialog title={title} class="wide" onClose={onClose}>
      <form class="json-form" onSubmit={save}>
        <label>
          Dashboard in Grafana’s JSON model
          <textarea value={text} spellcheck={false} onInput={event => setText(event.currentTarget.value)} />
        </label>
        <label>
          or a file
          <input
            type="file"
            accept=".json,application/json"
            onChange={async event => {
              const file = event.currentTarget.files?.[0]
              if (file) setText(await file.text())
            }}
          />
        </label>
        {error && <Failure message={error} />}
        <button type="submit" class="button primary" disabled={!text.trim()}>
          Save
        </button>
      </form>
    </Dialog>
  )
}
