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
      <pre class="parts">{settings.value}</pre>
    </section>
  )
}
