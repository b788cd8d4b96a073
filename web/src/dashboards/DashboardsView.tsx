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

export function DashboardsView() {
  const uid = place.value.parameters.get('uid')
  return uid ? <DashboardView key={uid} uid={uid} /> : <DashboardList />
}

function DashboardList() {
  const [importing, setImporting] = useState(false)
  const dashboards = useLoaded(listDashboards, [])
  return (
    <>
      <TopBar title="Dashboards">
        <button
          type="button"
          class="button"
          disabled={!may('rules')}
          title={whyNot('rules')}
          onClick={() => setImporting(true)}
        >
          <Icon name="upload" /> Import
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
      {importing && (
        <ImportDialog
          title="Import a dashboard"
          text=""
          onClose={() => setImporting(false)}
          onDone={uid => go('dashboards', { uid })}
        />
      )}
    </>
  )
}
