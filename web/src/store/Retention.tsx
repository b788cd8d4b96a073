// How long what is kept, and where: from the settings, and from routes that not every version has.

import { optional, plainText } from '../api/sigyn'
import { Failure } from '../parts/Empty'
import { useLoaded } from '../parts/useLoaded'

const ROUTES = [
  ['Retention', 'sigyn/api/v1/retention'],
  ['Tiers', 'sigyn/api/v1/tiers'],
  ['Deletes', 'loki/api/v1/delete'],
] as const

export function Retention() {
  const settings = useLoaded(async signal => sectionOf(await plainText('config', signal), 'retention'), [])
  return (
    <>
      <section class="panel">
        <header class="panel-head">
          <h2>Settings</h2>
        </header>
        {settings.error && <Failure message={settings.error.message} />}
        <pre class="parts">{settings.value}</pre>
      </section>
      {ROUTES.map(([name, path]) => (
        <Reported key={path} name={name} path={path} />
      ))}
    </>
  )
}

function Reported({ name, path }: { name: string; path: string }) {
  const found = useLoaded(signal => optional<unknown>(path, signal), [])
  return (
    <section class="panel">
      <header class="panel-head">
        <h2>{name}</h2>
      </header>
      {found.error ? (
        <Failure message={found.error.message} />
      ) : found.value === null ? (
        <p class="hint inset">This version of the server does not report it.</p>
      ) : (
        <pre class="parts">{found.value === undefined ? '' : JSON.stringify(found.value, null, 2)}</pre>
      )}
    </section>
  )
}

/** The lines of a section in the settings' YAML. */
export function sectionOf(yaml: string, name: string): string {
  const lines = yaml.split('\n')
  const start = lines.indexOf(`${name}:`)
  if (start < 0) return ''
  const length = lines.slice(start + 1).findIndex(line => /^\S/.test(line))
  return lines.slice(start, length < 0 ? undefined : start + 1 + length).join('\n')
}
