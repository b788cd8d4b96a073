// Who sent lines lately, whatever they are: found in the lines themselves.

import { runQuery } from '../api/loki'
import { DataTable } from '../charts/DataTable'
import { Empty, Failure } from '../parts/Empty'
import { useLoaded } from '../parts/useLoaded'
import { readableDuration } from '../time/duration'
import { resolveRange } from '../time/range'

const WINDOW = 5

/** ms; seldom, for it reads many lines */
const EVERY = 30_000

export function Senders() {
  const found = useLoaded(
    async signal => {
      const range = resolveRange({ from: `now-${WINDOW}m`, to: 'now' })
      const lines = await runQuery({ query: '{service_name=~".+"}', range, limit: 5000, purpose: 'agents', signal })
      return lines.data.kind === 'entries' ? lines.data.entries : []
    },
    [],
    EVERY,
  )
  const latest = new Map<string, { job: string; last: number; lines: number }>()
  for (const { stream, moment } of found.value ?? []) {
    const sender = stream.host ?? stream.hostname ?? stream.node ?? stream.pod ?? stream.instance ?? '(no host label)'
    const job = stream.job ?? stream.service_name ?? ''
    const known = latest.get(`${sender} ${job}`)
    latest.set(`${sender} ${job}`, { job, last: Math.max(known?.last ?? 0, moment), lines: (known?.lines ?? 0) + 1 })
  }
  if (found.error && !found.value) return <Failure message={found.error.message} />
  if (found.value && !latest.size) return <Empty title={`Nobody sent a line in the last ${WINDOW} minutes`} />
  const table = {
    columns: [
      { name: 'sender', type: 'text' as const },
      { name: 'job', type: 'text' as const },
      { name: 'last line', type: 'text' as const },
      { name: `lines in ${WINDOW} min`, type: 'number' as const },
    ],
    rows: [...latest].map(([key, { job, last, lines }]) => [
      key.replace(` ${job}`, ''),
      job,
      `${readableDuration(Math.max(0, Date.now() - last))} ago`,
      lines,
    ]),
  }
  return (
    <section class="panel">
      <header class="panel-head">
        <h2>Senders and their lag</h2>
      </header>
      {found.error && <Failure message={found.error.message} />}
      <DataTable table={table} label="Senders" order={{ column: 3, descending: true }} />
      <p class="hint inset">From the newest 5,000 lines, by the labels host, node, pod or instance.</p>
    </section>
  )
}
