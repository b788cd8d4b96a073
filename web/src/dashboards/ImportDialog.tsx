import { useState } from 'preact/hooks'
import { type DashboardSummary, importDashboard, listDashboards } from '../api/sigyn'
import { Dialog } from '../parts/Dialog'
import { Failure } from '../parts/Empty'
import { useWork } from '../parts/useWork'
import { asAnother, uidIn } from './imported'

interface Properties {
  title: string
  text: string
  /** the uid of the dashboard that is meant to be replaced, if one is */
  replaces?: string
  onClose: () => void
  onDone: (uid: string) => void
}

export function ImportDialog({ title, text: initial, replaces, onClose, onDone }: Properties) {
  const [text, setText] = useState(initial)
  const { busy, error, run } = useWork()
  const [same, setSame] = useState<DashboardSummary | null>(null)
  const [taken, setTaken] = useState<string[]>([])
  const send = async (sent: string) => onDone(await importDashboard(sent))
  const save = (event: Event) => {
    event.preventDefault()
    run(async () => {
      const listed = await listDashboards()
      const uid = uidIn(text)
      const there = uid === replaces ? undefined : listed.find(each => each.uid === uid)
      if (!there) return send(text)
      setTaken(listed.map(each => each.uid))
      setSame(there)
    })
  }
  const write = (changed: string) => {
    setText(changed)
    setSame(null)
  }
  return (
    <Dialog title={title} class="wide" onClose={onClose}>
      <form class="json-form" onSubmit={save}>
        <label>
          Dashboard in Grafana’s JSON model
          <textarea value={text} spellcheck={false} onInput={event => write(event.currentTarget.value)} />
        </label>
        <label>
          or a file
          <input
            type="file"
            accept=".json,application/json"
            onChange={async event => {
              const file = event.currentTarget.files?.[0]
              if (file) write(await file.text())
            }}
          />
        </label>
        {error && <Failure message={error} />}
        {same ? (
          <div role="alert" class="warning">
            <p>
              “{same.title}” is there with the same uid, <code>{same.uid}</code>. Replacing it is for everybody who uses
              this tenant.
            </p>
            <p class="choice-buttons">
              <button
                type="button"
                class="button"
                disabled={busy}
                onClick={() => run(() => send(asAnother(text, taken)))}
              >
                Keep both
              </button>
              <button type="button" class="button danger" disabled={busy} onClick={() => run(() => send(text))}>
                Replace it
              </button>
            </p>
          </div>
        ) : (
          <button type="submit" class="button primary" disabled={busy || !text.trim()}>
            Save
          </button>
        )}
      </form>
    </Dialog>
  )
}
