import { indexStatistics, runQuery, serviceSizes } from '../api/loki'
import { buildInformation, plainText } from '../api/sigyn'
import { DataTable } from '../charts/DataTable'
import { Legend } from '../charts/Legend'
import { named } from '../charts/named'
import { TimeChart } from '../charts/TimeChart'
import { formatCount, formatValue } from '../charts/units'
import { Failure } from '../parts/Empty'
import { useLoaded } from '../parts/useLoaded'
import { formatDuration } from '../time/duration'
import { type Range, stepFor } from '../time/range'
import { parseMetrics, totalOf } from './metricsText'

export function Ingestion({ range }: { range: Range }) {
  const key = [range.start, range.end]
  const totals = useLoaded(signal => indexStatistics(range, '{}', signal), key)
  const services = useLoaded(signal => serviceSizes(range, signal), key)
  const metrics = useLoaded(async signal => parseMetrics(await plainText('metrics', signal)), key)
  const parts = useLoaded(signal => plainText('services', signal), key)
  const build = useLoaded(buildInformation, [])
  const step = stepFor(range, 120)
  const rate = useLoaded(async signal => {
    const query = `sum by (service_name) (bytes_rate({service_name=~".+"}[${formatDuration(step)}]))`
    const found = await runQuery({ query, range, step, signal })
    return found.data.kind === 'series' ? found.data.series : []
  }, key)
  const { times, items } = named(rate.value ?? [])
  const samples = metrics.value ?? []
  const table = {
    columns: [
      { name: 'service', type: 'text' as const },
      { name: 'text', type: 'number' as const },
    ],
    rows: (services.value ?? []).map(({ service, bytes }) => [service, bytes]),
  }
  return (
    <>
      {totals.error && <Failure message={totals.error.message} />}
      <dl class="figures large">
        <Figure name="lines in this range" value={totals.value && formatCount(totals.value.entries)} />
        <Figure name="text" value={totals.value && formatValue(totals.value.bytes, 'bytes')} />
        <Figure name="streams" value={totals.value && formatCount(totals.value.streams)} />
        <Figure
          name="received since the start"
          value={counter(totalOf(samples, 'loki_distributor_lines_received_total'))}
        />
        <Figure name="refused" value={counter(totalOf(samples, 'loki_discarded_samples_total') ?? 0)} />
        <Figure name="version" value={build.value?.sigynVersion} />
      </dl>
      <section class="panel">
        <header class="panel-head">
          <h2>Text per second, by service</h2>
        </header>
        {rate.error && <Failure message={rate.error.message} />}
        <div class="panel-body">
          <TimeChart
            times={times}
            series={items}
            range={range}
            kind="area"
            stacked
            unit="Bps"
            label="Text per second, by service"
          />
          <Legend items={items} />
        </div>
      </section>
      <div class="two-columns">
        <section class="panel">
          <header class="panel-head">
            <h2>By service</h2>
          </header>
          <DataTable table={table} label="Text by service" unit="bytes" order={{ column: 1, descending: true }} />
        </section>
        <section class="panel">
          <header class="panel-head">
            <h2>Parts of the server</h2>
          </header>
          <pre class="parts">{parts.value}</pre>
        </section>
      </div>
    </>
  )
}

function counter(value: number | null): string | undefined {
  return value === null ? undefined : formatCount(value)
}

export function Figure({ name, value }: { name: string; value: string | undefined }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value ?? '–'}</dd>
    </div>
  )
}
