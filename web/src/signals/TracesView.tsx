// A trace: its lines over time, service by service. Spans join them where the server has a trace store.

import { useState } from 'preact/hooks'
import { runQuery } from '../api/loki'
import { optional } from '../api/sigyn'
import { go, link, place } from '../app/router'
import { TopBar } from '../app/TopBar'
import { useSubject } from '../app/title'
import { quote } from '../logql/quote'
import type { Entry } from '../logs/entry'
import { levelOf } from '../logs/levels'
import { PlainLine } from '../logs/PlainLine'
import { Empty, Failure } from '../parts/Empty'
import { useLoaded } from '../parts/useLoaded'
import { readableDuration } from '../time/duration'
import { TimePicker } from '../time/TimePicker'
import { useRange } from '../time/useRange'
import { RecentTraces, WITH_TRACE } from './RecentTraces'
import { serviceOf } from './traces'

export function TracesView() {
  const { parameters } = place.value
  const id = parameters.get('id') ?? ''
  useSubject(id)
  const text = { from: parameters.get('from') ?? 'now-6h', to: parameters.get('to') ?? 'now' }
  const [range, refreshRange] = useRange(text)
  const traceStore = useLoaded(signal => optional<unknown>('tempo/api/status/buildinfo', signal), [])
  const query = `{service_name=~".+"} | trace_id=${quote(id)}`
  const change = (changed: Record<string, string>) => go('traces', { ...Object.fromEntries(parameters), ...changed })
  const lines = useLoaded(
    async signal => {
      if (!id) return []
      const found = await runQuery({ query, range, limit: 2000, direction: 'forward', signal })
      return found.data.kind === 'entries' ? found.data.entries : []
    },
    [id, range.start, range.end],
  )
  return (
    <>
      <TopBar title="Traces">
        <TimePicker
          range={text}
          onRange={({ from, to }) => change({ from, to })}
          refresh={parameters.get('refresh') ?? ''}
          onRefreshEvery={refresh => change({ refresh })}
          onRefresh={refreshRange}
        />
      </TopBar>
      <main id="main" class="padded traces">
        <TraceForm key={id} id={id} onFind={wanted => change({ id: wanted })} />
        {traceStore.value === null && (
          <p class="hint">
            This server keeps no spans. A trace is shown by the lines that carry its id in <code>trace_id</code>
            {!id && (
              <>
                : here are <a href={link('logs', { q: WITH_TRACE, ...text })}>lines that have one</a>
              </>
            )}
            .
          </p>
        )}
        {!id && <RecentTraces range={range} text={text} />}
        {lines.error && <Failure message={lines.error.message} />}
        {id &&
          lines.value &&
          (lines.value.length ? (
            <TraceLines entries={lines.value} query={query} text={text} />
          ) : (
            <Empty title="No line carries this id in this range" />
          ))}
      </main>
    </>
  )
}

function TraceForm({ id, onFind }: { id: string; onFind: (id: string) => void }) {
  const [wanted, setWanted] = useState(id)
  return (
    <form
      class="trace-form"
      onSubmit={event => {
        event.preventDefault()
        onFind(wanted.trim())
      }}
    >
      <input
        aria-label="Trace id"
        placeholder="trace id"
        value={wanted}
        onInput={event => setWanted(event.currentTarget.value)}
      />
      <button type="submit" class="button primary" disabled={!wanted.trim()}>
        Find
      </button>
    </form>
  )
}

function TraceLines({ entries, query, text }: { entries: Entry[]; query: string; text: { from: string; to: string } }) {
  const start = entries[0]!.moment
  const length = Math.max(1, entries.at(-1)!.moment - start)
  const services = [...new Set(entries.map(serviceOf))]
  return (
    <>
      <div class="trace-head">
        <dl class="figures">
          <div>
            <dt>lines</dt>
            <dd>{entries.length}</dd>
          </div>
          <div>
            <dt>services</dt>
            <dd>{services.length}</dd>
          </div>
          <div>
            <dt>from first to last line</dt>
            <dd>{readableDuration(length)}</dd>
          </div>
        </dl>
        <a class="button" href={link('logs', { q: query, ...text })}>
          Open in Logs
        </a>
      </div>
      <ol class="trace-lanes" aria-label="Lines over time, by service">
        {services.map(service => (
          <li key={service}>
            <span class="lane-name">{service}</span>
            <span class="lane">
              {entries
                .filter(entry => serviceOf(entry) === service)
                .map((entry, at) => (
                  <i
                    key={at}
                    title={`${readableDuration(entry.moment - start)}: ${entry.line.slice(0, 120)}`}
                    style={{
                      left: `${((entry.moment - start) / length) * 100}%`,
                      background: `var(--level-${levelOf(entry.level)})`,
                    }}
                  />
                ))}
            </span>
          </li>
        ))}
      </ol>
      <div class="trace-lines">
        {entries.map((entry, at) => (
          <div key={at} class="trace-line">
            <span class="trace-offset">+{readableDuration(entry.moment - start)}</span>
            <span class="trace-service">{serviceOf(entry)}</span>
            <PlainLine entry={entry} />
          </div>
        ))}
      </div>
    </>
  )
}
