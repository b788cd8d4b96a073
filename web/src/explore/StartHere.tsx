// What is there when nothing was asked yet: the services that log, or how to send the first line.

import { detectedFields, serviceSizes } from '../api/loki'
import { formatValue } from '../charts/units'
import { toggleMatcher } from '../logql/edit'
import { questionsAbout } from '../logs/suggested'
import { copyText } from '../parts/clipboard'
import { Empty, Failure } from '../parts/Empty'
import { Icon } from '../parts/Icon'
import { useLoaded } from '../parts/useLoaded'
import { favourites } from './history'
import type { Pane } from './pane'
import { Wider } from './Wider'

const EVERY_SERVICE = '{service_name=~".+"}'

export function StartHere({ pane }: { pane: Pane }) {
  const range = pane.asked.value
  const services = useLoaded(signal => serviceSizes(range, signal), [range])
  const fields = useLoaded(signal => detectedFields(range, EVERY_SERVICE, signal), [range])
  if (services.error) return <Failure message={services.error.message} />
  if (!services.value) return null
  if (!services.value.length) return <FirstLine pane={pane} />
  const favourite = favourites.value.map(query => ({ name: 'Favourite', query }))
  const most = Math.max(1, ...services.value.map(each => each.bytes))
  return (
    <div class="start">
      <section>
        <h2>Services that logged in this range</h2>
        <ul class="services">
          {services.value.map(({ service, bytes }) => (
            <li key={service}>
              <button type="button" onClick={() => pane.ask(toggleMatcher('', 'service_name', '=', service))}>
                <span class="value-bar" style={{ width: `${(bytes / most) * 100}%` }} aria-hidden="true" />
                <span>{service}</span>
                <small>{formatValue(bytes, 'bytes')}</small>
              </button>
            </li>
          ))}
        </ul>
      </section>
      <section>
        <h2>Questions to begin with</h2>
        <ul class="examples">
          {[...favourite, ...questionsAbout(EVERY_SERVICE, fields.value ?? [])].map(({ name, query }) => (
            <li key={query}>
              <button type="button" onClick={() => pane.ask(query)}>
                <span>{name}</span>
                <code>{query}</code>
              </button>
            </li>
          ))}
        </ul>
      </section>
    </div>
  )
}

function FirstLine({ pane }: { pane: Pane }) {
  const base = (location.origin + location.pathname).replace(/\/$/, '')
  const command = `curl -H 'Content-Type: application/json' ${base}/loki/api/v1/push \\
  -d '{"streams":[{"stream":{"app":"demo"},"values":[["'$(date +%s%N)'","hello"]]}]}'`
  return (
    <Empty title="Nothing has been logged in this range">
      <Wider pane={pane} />
      <p>Send a line:</p>
      <pre class="code-block">{command}</pre>
      <p class="choice-buttons">
        <button type="button" class="button small" onClick={() => copyText(command, 'Command copied')}>
          <Icon name="copy" /> Copy
        </button>
        <button type="button" class="button small" onClick={() => void pane.run()}>
          <Icon name="refresh" /> Look again
        </button>
      </p>
      <p>
        Promtail, Alloy, Fluent Bit and Vector send to <code>{base}/loki/api/v1/push</code>, OpenTelemetry SDKs to{' '}
        <code>{base}/otlp</code>. <code>sigyn serve --demo</code> logs by itself.
      </p>
    </Empty>
  )
}
