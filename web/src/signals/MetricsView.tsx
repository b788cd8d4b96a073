// Metrics: a metric store's names where the server has one, and metrics out of logs, which every server has.

import { serviceSizes } from '../api/loki'
import { optional } from '../api/sigyn'
import { link } from '../app/router'
import { TopBar } from '../app/TopBar'
import { quote } from '../logql/quote'
import { Empty, Failure } from '../parts/Empty'
import { useLoaded } from '../parts/useLoaded'
import { resolveRange } from '../time/range'

function ofService(service: string): readonly (readonly [string, string])[] {
  const lines = `{service_name=${quote(service)}}`
  return [
    ['Lines per second, by level', `sum by (detected_level) (rate(${lines}[5m]))`],
    ['Share of errors', `sum(rate(${lines} | detected_level=~"error|critical" [5m])) / sum(rate(${lines}[5m]))`],
    ['Text per second', `sum(bytes_rate(${lines}[5m]))`],
    [
      'Duration, 95th percentile',
      `quantile_over_time(0.95, ${lines} | json | unwrap duration_ms | __error__="" [5m]) by (service_name)`,
    ],
  ]
}

export function MetricsView() {
  const names = useLoaded(signal => optional<string[]>('prometheus/api/v1/label/__name__/values', signal), [])
  const services = useLoaded(signal => serviceSizes(resolveRange({ from: 'now-6h', to: 'now' }), signal), [])
  return (
    <>
      <TopBar title="Metrics" />
      <main id="main" class="padded metrics">
        {names.value === null && (
          <p class="hint">
            This server keeps no metrics of their own. These are counted from logs as they are asked for.
          </p>
        )}
        {names.value && names.value.length > 0 && (
          <section>
            <h2>Stored metrics</h2>
            <ul class="names">
              {names.value.map(name => (
                <li key={name}>
                  <code>{name}</code>
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
              {ofService(service).map(([name, query]) => (
                <li key={name}>
                  <a class="card" href={link('logs', { q: query })}>
                    <h3>{name}</h3>
                    <code>{query}</code>
                  </a>
                </li>
              ))}
            </ul>
          </section>
        ))}
      </main>
    </>
  )
}
