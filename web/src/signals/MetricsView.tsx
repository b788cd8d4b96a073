// Metrics: the series that rules recorded, and metrics out of logs as they are asked for.

import { serviceSizes } from '../api/loki'
import { optional } from '../api/sigyn'
import { go, link, place } from '../app/router'
import { TopBar } from '../app/TopBar'
import { useSubject } from '../app/title'
import { quote } from '../logql/quote'
import { Empty, Failure } from '../parts/Empty'
import { useLoaded } from '../parts/useLoaded'
import { type RangeText, resolveRange } from '../time/range'
import { TimePicker } from '../time/TimePicker'
import { useRange } from '../time/useRange'
import { type LogMetric, MetricCard } from './MetricCard'
import { RecordedSeries } from './RecordedSeries'

function ofService(service: string): readonly LogMetric[] {
  const lines = `{service_name=${quote(service)}}`
  return [
    { name: 'Lines per second', query: `sum by (detected_level) (rate(${lines}[5m]))`, unit: 'logs/s' },
    {
      name: 'Share of errors',
      query: `sum(rate(${lines} | detected_level=~"error|critical" [5m])) / sum(rate(${lines}[5m]))`,
      unit: 'percentunit',
    },
    { name: 'Text per second', query: `sum(bytes_rate(${lines}[5m]))`, unit: 'Bps' },
    {
      name: 'Duration, 95th percentile',
      query: `quantile_over_time(0.95, ${lines} | json | unwrap duration_ms | __error__="" [5m]) by (service_name)`,
      unit: 'ms',
    },
  ]
}

export function MetricsView() {
  const { parameters } = place.value
  const query = parameters.get('q') ?? ''
  useSubject(query)
  const text: RangeText = { from: parameters.get('from') ?? 'now-6h', to: parameters.get('to') ?? 'now' }
  const [range, refreshRange] = useRange(text)
  const change = (changed: Record<string, string>) => go('metrics', { ...Object.fromEntries(parameters), ...changed })
  return (
    <>
      <TopBar title="Metrics">
        {query && (
          <TimePicker
            range={text}
            onRange={({ from, to }) => change({ from, to })}
            refresh={parameters.get('refresh') ?? ''}
            onRefreshEvery={refresh => change({ refresh })}
            onRefresh={refreshRange}
          />
        )}
      </TopBar>
      <main id="main" class="padded metrics">
        {query ? (
          <RecordedSeries
            query={query}
            text={text}
            range={range}
            onQuery={q => change({ q })}
            onRange={({ from, to }) => change({ from, to })}
          />
        ) : (
          <AllMetrics />
        )}
      </main>
    </>
  )
}

function AllMetrics() {
  const names = useLoaded(signal => optional<string[]>('prometheus/api/v1/label/__name__/values', signal), [])
  const services = useLoaded(signal => serviceSizes(resolveRange({ from: 'now-6h', to: 'now' }), signal), [])
  return (
    <>
      {names.error && <Failure message={names.error.message} />}
      {names.value?.length === 0 && (
        <p class="hint">
          Nothing is recorded yet: a rule with <code>record</code> keeps the numbers of its query. Those below are
          counted from logs as they are asked for.
        </p>
      )}
      {names.value && names.value.length > 0 && (
        <section>
          <h2>Recorded by rules</h2>
          <ul class="cards">
            {names.value.map(name => (
              <li key={name}>
                <a class="card" href={link('metrics', { q: name })}>
                  <code>{name}</code>
                </a>
              </li>
            ))}
          </ul>
        </section>
      )}
      {services.error && <Failure message={services.error.message} />}
      {services.value?.length === 0 && (
        <Empty title="Nothing was logged in the last six hours">
          <p>Of every service that logs, its rates, errors and durations are offered here.</p>
        </Empty>
      )}
      {services.value?.map(({ service }) => (
        <section key={service}>
          <h2>{service}</h2>
          <ul class="cards">
            {ofService(service).map(metric => (
              <li key={metric.name}>
                <MetricCard metric={metric} />
              </li>
            ))}
          </ul>
        </section>
      ))}
    </>
  )
}
