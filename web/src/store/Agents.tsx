// Agents that told the server of themselves, with their targets and how far behind they are; and all who sent lines.

import { askIfThere } from '../api/http'
import { DataTable } from '../charts/DataTable'
import { formatValue } from '../charts/units'
import { Failure } from '../parts/Empty'
import { LIVE, useLoaded } from '../parts/useLoaded'
import { readableDuration } from '../time/duration'
import { ago } from '../time/format'
import { Senders } from './Senders'

interface Target {
  job: string
  type: string
  /** `ready`, or why it is not read */
  state: string
  path: string
  files: number
  unread_bytes: number
  lag_seconds: number | null
}

interface Agent {
  id: string
  host: string
  version: string
  /** RFC 3339, as `heard` */
  started: string
  heard: string
  targets: Target[]
  buffered_bytes: number
  buffered_batches: number
}

const SILENT = 45_000

export function Agents() {
  const agents = useLoaded(
    async signal => (await askIfThere<{ data: Agent[] }>('sigyn/api/v1/agents', { signal }))?.data ?? [],
    [],
    LIVE,
  )
  return (
    <>
      {agents.error && <Failure message={agents.error.message} />}
      {agents.value?.map(agent => (
        <AgentPanel key={agent.id} agent={agent} />
      ))}
      {agents.value?.length === 0 && (
        <p class="hint">
          No agent told of itself in the last hour. <code>sigyn agent</code> does every ten seconds; Promtail and others
          don’t.
        </p>
      )}
      <Senders />
    </>
  )
}

function AgentPanel({ agent }: { agent: Agent }) {
  const heard = Date.parse(agent.heard)
  const silent = Date.now() - heard > SILENT
  const table = {
    columns: [
      { name: 'job', type: 'text' as const },
      { name: 'type', type: 'text' as const },
      { name: 'reads', type: 'text' as const },
      { name: 'state', type: 'text' as const },
      { name: 'files', type: 'number' as const },
      { name: 'unread', type: 'text' as const },
      { name: 'lag', type: 'text' as const },
    ],
    rows: agent.targets.map(target => [
      target.job,
      target.type,
      target.path,
      target.state,
      target.files,
      formatValue(target.unread_bytes, 'bytes'),
      target.lag_seconds === null ? '' : readableDuration(target.lag_seconds * 1000),
    ]),
  }
  return (
    <section class="panel" aria-label={`Agent on ${agent.host}`}>
      <header class="panel-head">
        <h2>Agent on {agent.host}</h2>
        <span class={`state ${silent ? 'firing' : 'inactive'}`}>{silent ? 'silent' : 'running'}</span>
        <span class="spacer" />
        <span class="hint">
          version {agent.version}, started {ago(Date.parse(agent.started))}, heard of {ago(heard)}
          {agent.buffered_batches > 0 && `, ${formatValue(agent.buffered_bytes, 'bytes')} wait to be sent`}
        </span>
      </header>
      <DataTable table={table} label={`Targets of the agent on ${agent.host}`} />
    </section>
  )
}
