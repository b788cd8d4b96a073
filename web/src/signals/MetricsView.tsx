// Metrics: the series that rules recorded, and metrics out of logs as they are asked for.

import { useRef } from 'preact/hooks'
import { type DetectedField, detectedFields, serviceSizes } from '../api/loki'
import { optional } from '../api/sigyn'
import { go, link, place } from '../app/router'
import { TopBar } from '../app/TopBar'
import { useSubject } from '../app/title'
import { quote } from '../logql/quote'
import { ERRORS } from '../logs/levels'
import { durationOf } from '../logs/suggested'
import { Empty, Failure } from '../parts/Empty'
import { useLoaded } from '../parts/useLoaded'
import { useSeen } from '../parts/useSeen'
import { type RangeText, resolveRange } from '../time/range'
import { TimePicker } from '../time/TimePicker'
import { useRange } from '../time/useRange'
import { type LogMetric, MetricCard } from './MetricCard'
import { RecordedSeries } from './RecordedSeries'

const LAST_HOURS: RangeText = { from: 'now-6h', to: 'now' }

function metricsOf(lines: string, fields: readonly DetectedField[]): LogMetric[] {
  const duration = durationOf(lines, fields)
  return [
    { name: 'Lines per second', query: `sum by (detected_level) (rate(${lines}[5m]))`, unit: 'logs/s' },
    {
      name: 'Share of errors',
      query: `sum(rate(${lines} | ${ERRORS} [5m])) / sum(rate(${lines}[5m]))`,
      unit: 'percentunit',
    },
    { name: 'Text per second', query: `sum(bytes_rate(${lines}[5m]))`, unit: 'Bps' },
    ...(duration ? [duration] : []),
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
  const services = useLoaded(signal => serviceSizes(resolveRange(LAST_HOURS), signal), [])
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
        <ServiceMetrics key={service} service={service} />
      ))}
    </>
  )
}

function ServiceMetrics({ service }: { service: string }) {
  const place = useRef<HTMLElement>(null)
  const seen = useSeen(place)
  const lines = `{service_name=${quote(service)}}`
  const fields = useLoaded(
    async signal => (seen ? await detectedFields(resolveRange(LAST_HOURS), lines, signal) : []),
    [lines, seen],
  )
  return (
    <section ref={place}>
      <h2>{service}</h2>
      <ul class="cards">
        {metricsOf(lines, fields.value ?? []).map(metric => (
          <li key={metric.name}>
            <MetricCard metric={metric} />
          </li>
        ))}
      </ul>
    </section>
  )
}
