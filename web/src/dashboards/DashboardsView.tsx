// All dashboards, or the one that the address names.

import { useState } from 'preact/hooks'
import { may, whyNot } from '../api/identity'
import { listDashboards } from '../api/sigyn'
import { go, link, place } from '../app/router'
import { TopBar } from '../app/TopBar'
import { Failure } from '../parts/Empty'
import { Icon } from '../parts/Icon'
import { useLoaded } from '../parts/useLoaded'
import { DashboardView } from './DashboardView'
import { ImportDialog } from './ImportDialog'
import { NewDialog } from './NewDialog'

export function DashboardsView() {
  const uid = place.value.parameters.get('uid')
  return uid ? <DashboardView key={uid} uid={uid} /> : <DashboardList />
}

function DashboardList() {
  const [adding, setAdding] = useState<'new' | 'import' | null>(null)
  const dashboards = useLoaded(listDashboards, [])
  return (
    <>
      <TopBar title="Dashboards">
        <button
          type="button"
          class="button"
          disabled={!may('rules')}
          title={whyNot('rules')}
          onClick={() => setAdding('import')}
        >
          <Icon name="upload" /> Import
        </button>
        <button
          type="button"
          class="button primary"
          disabled={!may('rules') || !dashboards.value}
          title={whyNot('rules')}
          onClick={() => setAdding('new')}
        >
          <Icon name="plus" /> New
        </button>
      </TopBar>
      <main id="main" class="padded">
        {dashboards.error && <Failure message={dashboards.error.message} />}
        <ul class="cards">
          {dashboards.value?.map(each => (
            <li key={each.uid}>
              <a class="card" href={link('dashboards', { uid: each.uid })}>
                <h2>{each.title}</h2>
                <p>{each.description}</p>
                <small>
                  {each.panels} {each.panels === 1 ? 'panel' : 'panels'} · {each.source}
                  {each.tags.map(tag => (
                    <i key={tag} class="tag">
                      {tag}
                    </i>
                  ))}
                </small>
              </a>
            </li>
          ))}
        </ul>
      </main>
      {adding === 'new' && (
        <NewDialog
          taken={dashboards.value?.map(each => each.uid) ?? []}
          onClose={() => setAdding(null)}
          onDone={uid => go('dashboards', { uid })}
        />
      )}
      {adding === 'import' && (
        <ImportDialog
          title="Import a dashboard"
          text=""
          onClose={() => setAdding(null)}
          onDone={uid => go('dashboards', { uid })}
        />
      )}
    </>
  )
}
