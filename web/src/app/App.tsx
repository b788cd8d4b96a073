// The frame: navigation at the side, a view beside it.

import type { ComponentType } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { loginNeeded, tenantNeeded } from '../api/identity'
import { findIdentity } from '../api/login'
import { tenant } from '../api/tenant'
import { AwaitedBar, awaiting } from '../parts/Awaited'
import { Empty } from '../parts/Empty'
import { Icon } from '../parts/Icon'
import { Notices } from '../parts/Notices'
import { setZone, zone } from '../time/zone'
import { Help } from './Help'
import { Login } from './Login'
import { go, link, place } from './router'
import { listenToKeys, useShortcuts } from './shortcuts'
import { VIEWS, type View } from './signals'
import { TenantDialog } from './TenantDialog'
import { theme, toggleTheme } from './theme'
import { useTitle } from './title'

const GO_KEYS: Record<string, string> = {
  logs: 'l',
  metrics: 'm',
  traces: 't',
  dashboards: 'd',
  alerts: 'a',
  store: 's',
}

export function App() {
  const [dialog, setDialog] = useState<'help' | 'tenant' | null>(null)
  const view = VIEWS.find(each => each.id === place.value.view) ?? null
  useEffect(listenToKeys, [])
  useEffect(() => void findIdentity(), [])
  useTitle(view?.name ?? 'No such view')
  useShortcuts([
    { keys: '?', does: 'show these keys', run: () => setDialog('help') },
    { keys: 't', does: 'light or dark', run: toggleTheme },
    { keys: 'z', does: 'times of your zone or UTC', run: () => setZone(zone.value === 'utc' ? 'local' : 'utc') },
    ...VIEWS.map(each => ({ keys: `g ${GO_KEYS[each.id]}`, does: `go to ${each.name}`, run: () => go(each.id) })),
  ])
  return (
    <div class="frame">
      <button
        type="button"
        class="skip-link"
        onClick={() =>
          document.getElementById('main')?.querySelector<HTMLElement>('.cm-content, [tabindex], button, a')?.focus()
        }
      >
        Skip to the content
      </button>
      <Navigation current={view} onHelp={() => setDialog('help')} onTenant={() => setDialog('tenant')} />
      <div class="view">
        <AwaitedBar />
        {loginNeeded.value ? <Login /> : view ? <Shown key={view.id} view={view} /> : <Unknown />}
      </div>
      {dialog === 'help' && <Help onClose={() => setDialog(null)} />}
      {(dialog === 'tenant' || tenantNeeded.value) && (
        <TenantDialog
          onClose={() => {
            tenantNeeded.value = false
            setDialog(null)
          }}
        />
      )}
      <Notices />
    </div>
  )
}

function Navigation({ current, onHelp, onTenant }: { current: View | null; onHelp: () => void; onTenant: () => void }) {
  return (
    <nav class="navigation" aria-label="Views">
      <a class="logo" href={link('logs')}>
        <span class="visually-hidden">Sigyn</span>
        <svg width="32" height="32" viewBox="0 0 32 32" aria-hidden="true">
          <path class="drop" d="M16 2c4 5.600 6 8.800 6 11.400a6 6 0 0 1-12 0C10 10.800 12 7.600 16 2z" />
          <path class="bowl" d="M3 19h26a13 11 0 0 1-26 0z" />
        </svg>
      </a>
      {VIEWS.map(view => (
        <a
          key={view.id}
          class="navigation-item"
          href={link(view.id)}
          aria-current={view === current ? 'page' : undefined}
        >
          <Icon name={view.icon} />
          <span>{view.name}</span>
        </a>
      ))}
      <span class="spacer" />
      <button
        type="button"
        class="navigation-item small"
        aria-label={theme.value === 'dark' ? 'Light theme' : 'Dark theme'}
        title="Light or dark (t)"
        onClick={toggleTheme}
      >
        <Icon name={theme.value === 'dark' ? 'sun' : 'moon'} />
      </button>
      <button
        type="button"
        class="navigation-item small"
        aria-label="You and your tenant"
        title={tenant.value ? `You and your tenant, ${tenant.value}` : 'You and your tenant'}
        onClick={onTenant}
      >
        <Icon name="user" />
        {tenant.value && <span class="tenant-name">{tenant.value}</span>}
      </button>
      <button type="button" class="navigation-item small" aria-label="Keys" title="Keys (?)" onClick={onHelp}>
        <Icon name="help" />
      </button>
    </nav>
  )
}

function Shown({ view }: { view: View }) {
  const [loaded] = useState(() => view.load())
  const [Component, setComponent] = useState<ComponentType | null>(loaded instanceof Promise ? null : () => loaded)
  useEffect(() => {
    if (!(loaded instanceof Promise)) return
    const done = awaiting()
    loaded
      .then(
        component => setComponent(() => component),
        () => setComponent(() => NotLoaded),
      )
      .finally(done)
    return done
  }, [])
  return Component ? <Component /> : null
}

/** Where an address leads to that was mistyped, or is of another version. */
function Unknown() {
  return (
    <main id="main" class="padded">
      <Empty title="There is no such view">
        <p>
          The address asks for “{place.value.view}”. The views are those in the navigation; a dashboard is at
          #/dashboards?uid=…
        </p>
        <p>
          <a class="button primary" href={link('logs')}>
            <Icon name="logs" /> Go to Logs
          </a>
        </p>
      </Empty>
    </main>
  )
}

/** Files of a view are named by what is in them, and those of an older Sigyn are gone after an update. */
function NotLoaded() {
  return (
    <main id="main" class="padded">
      <Empty title="This view could not be loaded">
        <p>The server does not answer, or it was updated since this page was opened.</p>
        <p>
          <button type="button" class="button primary" onClick={() => location.reload()}>
            <Icon name="refresh" /> Load the page again
          </button>
        </p>
      </Empty>
    </main>
  )
}
