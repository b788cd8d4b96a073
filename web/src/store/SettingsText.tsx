import { plainText } from '../api/sigyn'
import { Failure } from '../parts/Empty'
import { useLoaded } from '../parts/useLoaded'

export function SettingsText() {
  const settings = useLoaded(signal => plainText('config', signal), [])
  if (settings.error) return <Failure message={settings.error.message} />
  return (
    <section class="panel">
      <header class="panel-head">
        <h2>Settings in force</h2>
        <span class="hint">read-only; secrets are left out</span>
      </header>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <pre class="parts" tabIndex={0}>
        {settings.value}
      </pre>
    </section>
  )
}
