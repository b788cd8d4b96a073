// How long what is kept, from the settings; and what somebody asked to delete.

import { askIfThere } from '../api/http'
import { plainText } from '../api/sigyn'
import { DataTable } from '../charts/DataTable'
import { Failure } from '../parts/Empty'
import { LIVE, useLoaded } from '../parts/useLoaded'
import { formatMoment } from '../time/format'

interface DeleteRequest {
  request_id: string
  query: string
  /** seconds since 1970, as the others */
  start_time: number
  end_time: number
  created_at: number
  status: string
}

export function Retention() {
  const settings = useLoaded(async signal => sectionOf(await plainText('config', signal), 'retention'), [])
  return (
    <>
      <section class="panel">
        <header class="panel-head">
          <h2>Settings</h2>
        </header>
        {settings.error && <Failure message={settings.error.message} />}
        <pre class="parts">{settings.value}</pre>
      </section>
      <Deletes />
    </>
  )
}

function Deletes() {
  const found = useLoaded(
    async signal => (await askIfThere<DeleteRequest[]>('loki/api/v1/delete', { signal })) ?? [],
    [],
    LIVE,
  )
  const rows = (found.value ?? []).map(request => [
    request.query,
    request.start_time ? formatMoment(request.start_time * 1000) : 'the beginning',
    formatMoment(request.end_time * 1000),
    formatMoment(request.created_at * 1000),
    request.status,
    request.request_id,
  ])
  const columns = ['query', 'from', 'to', 'asked for', 'status', 'id'].map(name => ({ name, type: 'text' as const }))
  return (
    <section class="panel">
      <header class="panel-head">
        <h2>Deletes by request</h2>
      </header>
      {found.error && <Failure message={found.error.message} />}
      {found.value && !rows.length && <p class="hint inset">Nobody asked to delete anything.</p>}
      {rows.length > 0 && (
        <DataTable table={{ columns, rows }} label="Deletes" order={{ column: 3, descending: true }} />
      )}
    </section>
  )
}

/** The lines of a section in the settings' YAML. */
export function sectionOf(yaml: string, name: string): string {
  const lines = yaml.split('\n')
  const start = lines.indexOf(`${name}:`)
  if (start < 0) return ''
  const length = lines.slice(start + 1).findIndex(line => /^\S/.test(line))
  return lines.slice(start, length < 0 ? undefined : start + 1 + length).join('\n')
}
